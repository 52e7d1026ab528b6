/** `npm run bench`: the suite in Node. See --help, and record/README.md. */
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Benchmark from "benchmark";
import type { DType } from "../dist/index.js";
import { boundText } from "./check.js";
import { entries } from "./contestants/index.js";
import { callOverhead, type Line, ratios } from "./lines.js";
import type { OpName } from "./problem.js";
import { openPlace, round, runCase, type Table } from "./suite.js";
import { drawLine, drawTable, legend } from "./table.js";

const root = fileURLToPath(new URL("..", import.meta.url));

const help = `npm run bench -- [options]

Times LayerNorm and RMSNorm: the engine, its kernel alone, JavaScript, and the copy that nothing can beat. Every answer
is checked against the reference first; contestants take turns; the medians of one run are what may be compared.

  --op OPS          layerNorm, rmsNorm; several with commas (both)
  --shapes SHAPES   rows×cols, such as 128x768,1x64 (${"1x64,1x768,1x4096,128x64,128x768,512x768,128x4096,2048x4096"})
  --dtype DTYPES    f32, f64, f16, bf16 (f32)
  --quick           a second a table instead of five
  --json FILE       the results with machine, runtime, commit and command: a record
  --help            this
`;

const options = {
  op: { type: "string", default: "layerNorm,rmsNorm" },
  shapes: { type: "string", default: "1x64,1x768,1x4096,128x64,128x768,512x768,128x4096,2048x4096" },
  dtype: { type: "string", default: "f32" },
  quick: { type: "boolean", default: false },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

interface Request {
  ops: OpName[];
  shapes: { rows: number; cols: number }[];
  dtypes: DType[];
  seconds: number;
  json: string | undefined;
}

const request = read();
if (request !== undefined) await run(request);

/** The options; or help or what is wrong with them, and nothing. */
function read(): Request | undefined {
  try {
    const { values } = parseArgs({ options });
    if (values.help) {
      console.log(help);
      return undefined;
    }
    return {
      ops: oneOf("--op", values.op, ["layerNorm", "rmsNorm"]),
      dtypes: oneOf("--dtype", values.dtype, ["f32", "f64", "f16", "bf16"]),
      shapes: values.shapes.split(",").map((text) => {
        const [, rows, cols] = /^([1-9]\d*)[x×]([1-9]\d*)$/.exec(text.trim()) ?? [];
        if (cols === undefined)
          throw new Error(`--shapes expected rows×cols such as 128x768, got ${JSON.stringify(text)}`);
        return { rows: Number(rows), cols: Number(cols) };
      }),
      seconds: values.quick ? 1 : 5,
      json: values.json,
    };
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
}

function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const found = known.find((one) => one === word.trim());
    if (found === undefined) throw new Error(`${option} expected ${known.join(", ")}, got ${JSON.stringify(word)}`);
    return found;
  });
}

async function run({ ops, shapes, dtypes, seconds, json }: Request): Promise<void> {
  const about = environment();
  if (about.stale) console.error("dist/ is older than bindings/, and it is dist/ that is timed: npm run build first\n");
  console.log(
    `${about.machine.cpu}, ${about.machine.cores} cores · Node ${about.runtime.node} (V8 ${about.runtime.v8})`,
  );
  console.log(
    `checked against the f64 reference, |Δ|/max(1, |y|) ≤ ${dtypes.map((d) => `${boundText(d)} (${d})`).join(", ")}`,
  );
  console.log(`\n${legend.join("\n")}\n`);

  const place = openPlace();
  const lines: Line[] = [];
  // First of all, while the bindings have met nothing else; and again when they have met everything.
  for (const op of ops) lines.push(await callOverhead(Benchmark, place, op, "first thing", { seconds: seconds / 4 }));

  const results: Table[] = [];
  for (const op of ops) {
    for (const dtype of dtypes) {
      for (const shape of shapes) {
        const table = await runCase(Benchmark, place, { op, dtype, ...shape }, entries, { seconds });
        console.log(`${drawTable(table)}\n`);
        results.push(table);
      }
    }
  }

  for (const op of ops)
    lines.push(await callOverhead(Benchmark, place, op, "after the tables", { seconds: seconds / 4 }));
  lines.push(...(await ratios(Benchmark, place, { seconds: seconds / 2 })));
  lines.push(...coldStart());
  for (const one of lines) console.log(drawLine(one));

  const wrong = results.flatMap(({ leftOut }) => leftOut).length;
  if (wrong > 0) {
    console.error(`\n${wrong} times a contestant was left out: see above`);
    process.exitCode = 1;
  }
  if (json !== undefined) {
    await writeFile(json, `${JSON.stringify({ ...about, results, lines }, null, 2)}\n`);
    console.log(`\nwritten to ${json}`);
  }
}

/** What the numbers depend on. */
function environment() {
  const [cpu] = cpus();
  const command = ["tsx", "bench/run.ts", ...process.argv.slice(2)].join(" ");
  return {
    machine: { cpu: cpu.model.trim(), cores: cpus().length, platform: `${process.platform} ${process.arch}` },
    runtime: { node: process.versions.node, v8: process.versions.v8 },
    commit: commit(),
    stale: isStale(),
    date: new Date().toISOString(),
    command,
  };
}

/** The commit, "with changes" if the kernels or bindings are not as it has them; null where git does not say. */
function commit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", ["--no-optional-locks", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changes = git("status", "--porcelain", "--", "assembly", "bindings", "bench/*.ts", "bench/contestants");
    return git("rev-parse", "HEAD") + (changes === "" ? "" : " with changes");
  } catch {
    return null;
  }
}

/** What is timed is what is shipped, dist/: is it older than its sources? */
function isStale(): boolean {
  const time = (path: string) => statSync(`${root}/${path}`).mtimeMs;
  const sources = readdirSync(`${root}/bindings`, { recursive: true, encoding: "utf8" });
  return sources.some((path) => path.endsWith(".ts") && time(`bindings/${path}`) > time("dist/index.js"));
}

/** From the import of the built package to the first result, in processes of their own. */
function coldStart(): Line[] {
  const what = "import to first result, layerNorm of 64 numbers";
  const built = new URL("../dist/index.js", import.meta.url);
  const script = `
    const x = new Float32Array(64).fill(1);
    const start = performance.now();
    const { layerNorm } = await import(${JSON.stringify(built.href)});
    layerNorm(x);
    console.log(performance.now() - start);`;
  const once = () =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", cwd: root }));
  const sorted = Array.from({ length: 9 }, once).sort((a, b) => a - b);
  return [
    {
      what,
      value: round(sorted[4]),
      unit: "ms",
      of: `median of 9 processes, ${sorted[0].toFixed(1)} to ${sorted[8].toFixed(1)}`,
    },
  ];
}
