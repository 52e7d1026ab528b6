/** What the commands of the benches share: options, and what a record says about where it was made. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { DType } from "../dist/index.js";
import { type OpName, opNames, type Shape } from "./ops.js";
import { shapes } from "./shapes.js";

export const root = fileURLToPath(new URL("..", import.meta.url));

const allShapes = shapes.map(({ rows, cols }) => `${rows}x${cols}`).join(",");

export const dtypes = ["f32", "f64", "f16", "bf16"] as const;

const options = {
  op: { type: "string", default: "layerNorm,rmsNorm" },
  shapes: { type: "string" },
  dtype: { type: "string" },
  quick: { type: "boolean", default: false },
  alone: { type: "boolean", default: false },
  "cpu-time": { type: "boolean", default: false },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

export const optionsHelp = `  --op OPS          ${opNames.join(", ")};
                    several with commas (layerNorm,rmsNorm)
  --shapes SHAPES   rows×cols, such as 128x768,1x64 (${allShapes})
  --dtype DTYPES    f32, f64, f16, bf16 (f32; below the tables, all of them beside f32)
  --quick           one second per table instead of five
  --json FILE       the results with machine, runtime, commit and command: a record
  --help            this
`;

export interface Request {
  ops: OpName[];
  shapes: Shape[];
  /** Of the tables. */
  dtypes: DType[];
  /** Of the figures below them: those of the tables, unless none were named. */
  figureDtypes: DType[];
  seconds: number;
  /** Without the baseline. */
  alone: boolean;
  /** By the processor's time. */
  cpuTime: boolean;
  json: string | undefined;
}

/** The options; or help or what is wrong with them, and nothing. */
export function read(
  command: string,
  help: string,
  { args = process.argv.slice(2), shapes: defaultShapes = allShapes } = {},
): Request | undefined {
  try {
    const { values } = parseArgs({ options, args });
    const { dtype = "f32", shapes = defaultShapes } = values;
    if (values.help) {
      console.log(help);
      return undefined;
    }
    return {
      ops: oneOf("--op", values.op, opNames),
      dtypes: oneOf("--dtype", dtype, dtypes),
      figureDtypes: oneOf("--dtype", values.dtype ?? "f32,f64,bf16,f16", dtypes),
      shapes: shapes.split(",").map((text) => {
        const [, rows, cols] = /^([1-9]\d*)[x×]([1-9]\d*)$/.exec(text.trim()) ?? [];
        if (cols === undefined)
          throw new Error(`--shapes expected rows×cols such as 128x768, got ${JSON.stringify(text)}`);
        return { rows: Number(rows), cols: Number(cols) };
      }),
      seconds: values.quick ? 1 : 5,
      alone: values.alone,
      cpuTime: values["cpu-time"],
      json: values.json,
    };
  } catch (error) {
    console.error(`${command}: ${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
}

export function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const found = known.find((one) => one === word.trim());
    if (found === undefined) throw new Error(`${option} expected ${known.join(", ")}, got ${JSON.stringify(word)}`);
    return found;
  });
}

/** What the numbers depend on. */
export function provenance(script: string) {
  const [cpu] = cpus();
  const command = ["tsx", script, ...process.argv.slice(2)].join(" ");
  return {
    machine: {
      cpu: cpu.model.trim(),
      cores: cpus().length,
      allowed: allowed(),
      platform: `${process.platform} ${process.arch}`,
    },
    runtime: { node: process.versions.node, v8: process.versions.v8 },
    commit: commit(),
    stale: isStale(),
    date: new Date().toISOString(),
    command,
  };
}

/** The processors this process may run on, where Linux says: contestants in processes of their own may run there too. */
function allowed(): string | null {
  try {
    return /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** What dist/ is built from, by way of the generated files. */
const sources = { folders: ["abi", "assembly", "bindings"], file: "scripts/abi.ts" };

/** The commit, "with changes" if what dist/ is built from or the bench is not as it has them; null where git does not say. */
function commit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", ["--no-optional-locks", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    // without :(glob), `**` stands for one folder at least
    const watched = [...sources.folders, sources.file, ":(glob)bench/**/*.ts", "bench/native/norm.c"];
    const changes = git("status", "--porcelain", "--", ...watched);
    return git("rev-parse", "HEAD") + (changes === "" ? "" : " with changes");
  } catch {
    return null;
  }
}

/** What is timed is what is shipped, dist/: is it older than its sources? */
function isStale(): boolean {
  const time = (path: string) => statSync(`${root}/${path}`).mtimeMs;
  const within = (folder: string) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`);
  const built = time("dist/index.js");
  return [...sources.folders.flatMap(within), sources.file].some((path) => path.endsWith(".ts") && time(path) > built);
}
