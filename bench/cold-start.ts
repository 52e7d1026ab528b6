/** `npm run bench:cold`: the first call of each entry beside the baseline's, taken apart. See --help. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { baseline, buildBaseline } from "./baseline/build.js";
import { cold, hasCompileCache, withCompileCache } from "./cold.js";
import { median } from "./measure.js";

const help = `npm run bench:cold -- [--turns 15]

From the import to the first layerNorm of 64 numbers, in milliseconds, each time in a process of its own, the contestants in turns: medians of
the steps, and the median of the ratios to the baseline (${baseline}, built from git on first use). On Node 22.1 and newer once more with a
compile cache (NODE_COMPILE_CACHE), filled beforehand, for all contestants.`;

const { values } = parseArgs({ options: { turns: { type: "string", default: "15" }, help: { type: "boolean" } } });
const turns = Number(values.turns);
if (!(Number.isInteger(turns) && turns > 0)) {
  console.error(`bench:cold: --turns expected a positive integer, got ${JSON.stringify(values.turns)}`);
  process.exit(2);
}

const steps = ["read", "decode", "compile", "call", "all"] as const;
type Times = Record<(typeof steps)[number], number>;

if (values.help === true) console.log(help);
else {
  const dist = fileURLToPath(new URL("../dist/", import.meta.url));
  const entries = {
    baseline: join(buildBaseline(), "dist/index.js"),
    orthonorm: `${dist}index.js`,
    "orthonorm/f32": `${dist}f32.js`,
  };
  show(`Node ${process.versions.node}`, entries, {});
  if (hasCompileCache()) {
    withCompileCache((cached) => {
      for (const file of Object.values(entries)) for (let i = 0; i < 2; i++) once(file, cached);
      show(`Node ${process.versions.node}, with a compile cache`, entries, cached);
    });
  }
}

function once(file: string, env: NodeJS.ProcessEnv): Times {
  return JSON.parse(cold(file, env, "steps"));
}

function show(title: string, entries: Record<string, string>, env: NodeJS.ProcessEnv): void {
  const runs: Record<string, Times[]> = {};
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, file] of Object.entries(entries)) {
      runs[name] ??= [];
      runs[name].push(once(file, env));
    }
  }
  console.log(`${title}: ${turns} processes each, ms\n`);
  console.log(["", ...steps, "÷ baseline"].map((name) => name.padStart(14)).join(""));
  for (const [name, times] of Object.entries(runs)) {
    const medians = steps.map((step) => median(times.map((one) => one[step])).toFixed(2));
    const ratio = median(times.map((one, i) => one.all / runs.baseline[i].all)).toFixed(2);
    console.log([name, ...medians, ratio].map((text) => text.padStart(14)).join(""));
  }
  console.log();
}
