/** The targets of threads: what `npm run bench:threads` measures, with two of them. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../command.js";
import { round } from "../format.js";
import type { Line } from "./line.js";

/** How many times as fast as one thread, of `bench/threads.ts`'s record: the median, and in the machine's quiet moments. */
export interface ThreadsRecord {
  results: {
    op: string;
    dtype: string;
    rows: number;
    cols: number;
    figures: { threads: number; median: number; best: number }[];
  }[];
}

const shared = [
  { rows: 512, cols: 768, limit: 1.6 },
  { rows: 2048, cols: 768, limit: 1.8 },
  { rows: 2048, cols: 4096, limit: 1.85 },
];
/** Too small to be shared: then one thread runs it, and must not be slower for having been asked. */
const declined = [{ rows: 1, cols: 64, limit: 0.97 }];

export const threadCommand = "bench/threads.ts";

export function threadLines(record: ThreadsRecord | undefined): Line[] {
  const line = ({ rows, cols, limit }: (typeof shared)[number], which: "median" | "best"): Line => {
    const found = record?.results.find((one) => one.op === "layerNorm" && one.rows === rows && one.cols === cols);
    const figure = found?.figures.find(({ threads }) => threads === 2);
    const how = which === "best" ? "in quiet moments, times" : "declined, times";
    return {
      ...{ what: `layerNorm ${rows}×${cols}, two threads, ${how} as fast as one`, side: "≥", limit, unit: "×" },
      value: figure === undefined ? null : round(figure[which]),
      of: figure === undefined ? "this build has no bench:threads" : `median ${round(figure.median)}`,
    };
  };
  return [...shared.map((one) => line(one, "best")), ...declined.map((one) => line(one, "median"))];
}

/** Runs the bench of threads; nothing where this build has none. */
export function runThreads(quick: boolean): ThreadsRecord | undefined {
  const script = join(root, threadCommand);
  if (!existsSync(script)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "orthonorm-threads-"));
  try {
    const json = join(folder, "threads.json");
    const shapes = [...shared, ...declined].map(({ rows, cols }) => `${rows}x${cols}`).join(",");
    const options = ["--op", "layerNorm", "--shapes", shapes, ...(quick ? ["--quick"] : []), "--json", json];
    const stdio = ["ignore", "ignore", "inherit"] as const;
    execFileSync(process.execPath, ["--import", "tsx", script, ...options], { cwd: root, stdio: [...stdio] });
    return JSON.parse(readFileSync(json, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
