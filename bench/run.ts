/** `npm run bench`: the suite in Node. See --help, and record/README.md. */

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import Benchmark from "benchmark";
import { baseline } from "./baseline/build.js";
import { processorTime } from "./baseline/clock.js";
import { openBaseline } from "./baseline/open.js";
import { settle, summary } from "./baseline/settle.js";
import { boundText } from "./check.js";
import { cold } from "./cold.js";
import { optionsHelp, provenance, type Request, read } from "./command.js";
import { contestants } from "./contestants/index.js";
import { type Figure, figures, overheads, padding, ratios } from "./figures.js";
import { round } from "./format.js";
import { drift, noiseOf, warning } from "./noise.js";
import { openEnvironment, runCase, type Table } from "./suite.js";
import { drawFigure, drawTable, legend } from "./table.js";

const help = `npm run bench -- [options]

Times ops: the engine, its kernel alone, JavaScript, and the copy that nothing can beat. Every answer
is checked against the reference first; contestants take turns; the medians of one run are what may be compared.

The package of commit ${baseline}, built from git on first use, takes part too: its calls on Tensors and on typed arrays, and its kernel.
At the end stands today's time over its, cell by cell. A short call, and one whose ratio is off by more than 3 %, is timed again in
several processes, whose median counts. All shapes take about seven minutes on a quiet machine;
--alone they take two to four.

${optionsHelp}  --alone           without the baseline
  --cpu-time        by the processor's time that the process has had: for a machine that does other work meanwhile
`;

const request = read("bench", help);
if (request !== undefined) await run(request);

async function run({ ops, shapes, dtypes, figureDtypes, seconds, json, alone, cpuTime }: Request): Promise<void> {
  const about = provenance("bench/run.ts");
  if (about.stale)
    console.error("dist/ is older than its sources, and it is dist/ that is timed: npm run build first\n");
  console.log(
    `${about.machine.cpu}, ${about.machine.cores} cores · Node ${about.runtime.node} (V8 ${about.runtime.v8})`,
  );
  console.log(
    `checked against the f64 reference, |Δ|/max(1, |y|) ≤ ${dtypes.map((d) => `${boundText(d)} (${d})`).join(", ")}`,
  );
  console.log(`\n${legend.join("\n")}\n`);

  const clock = cpuTime ? processorTime : undefined;
  const environment = openEnvironment();
  const before = alone ? undefined : await openBaseline();
  const all = [...contestants, ...Object.values(before?.contestants ?? {})];
  const asked = { ops, shapes, dtypes: figureDtypes };
  const lines: Figure[] = [];
  /** What the public call costs: first of all, while the bindings have met nothing else, and when they have met everything. */
  const addOverheads = async (when: string) => {
    for (const one of overheads(asked, when)) {
      lines.push(...(await figures(Benchmark, environment, [one], { seconds: seconds / 4, clock })));
    }
  };
  await addOverheads("first thing");

  const results: Table[] = [];
  for (const op of ops) {
    for (const dtype of dtypes) {
      for (const shape of shapes) {
        const timed = await runCase(Benchmark, environment, { op, dtype, ...shape }, all, { seconds, clock });
        const table = settle(timed, { processes: seconds > 1 ? 5 : 3 });
        console.log(`${drawTable(table)}\n`);
        results.push(table);
      }
    }
  }

  await addOverheads("after the tables");
  lines.push(...(await figures(Benchmark, environment, ratios(asked), { seconds: seconds / 2, clock })));
  lines.push(...(await figures(Benchmark, environment, padding(asked), { seconds: seconds / 2, clock })));
  if (ops.includes("layerNorm") && figureDtypes.includes("f32")) lines.push(coldStart());
  for (const one of lines) console.log(drawFigure(one));

  if (before !== undefined) console.log(`\n${summary(results, baseline).join("\n")}`);

  const noisy = warning([...results, ...lines].map(({ noise }) => noise));
  if (noisy !== undefined) console.log(`\n${noisy}`);

  const wrong = results.flatMap(({ leftOut }) => leftOut).length;
  if (wrong > 0) {
    console.error(`\n${wrong} times a contestant was left out: see above`);
    process.exitCode = 1;
  }
  if (json !== undefined) {
    await writeFile(
      json,
      `${JSON.stringify({ ...about, baseline: before && baseline, noisy: noisy ?? null, results, lines }, null, 2)}\n`,
    );
    console.log(`\nwritten to ${json}`);
  }
}

/** From the import of the built package to the first result, in processes of their own. */
function coldStart(): Figure {
  const what = "import to first result, layerNorm of 64 numbers";
  const once = () => Number(cold(fileURLToPath(new URL("../dist/index.js", import.meta.url))));
  const times = Array.from({ length: 9 }, once);
  const sorted = [...times].sort((a, b) => a - b);
  const row = { name: what, nanoseconds: sorted[4], lowerQuartile: sorted[2], upperQuartile: sorted[6] };
  return {
    what,
    value: round(sorted[4]),
    unit: "ms",
    of: `median of 9 processes, ${sorted[0].toFixed(1)} to ${sorted[8].toFixed(1)}`,
    noise: noiseOf([row], drift(Float64Array.from(times))),
  };
}
