/** `npm run bench`: the suite in Node. See --help, and record/README.md. */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import Benchmark from "benchmark";
import { boundText } from "./check.js";
import { environment, optionsHelp, type Request, read, root } from "./command.js";
import { entries } from "./contestants/index.js";
import { callOverhead, type Line, ratios } from "./lines.js";
import { openPlace, round, runCase, type Table } from "./suite.js";
import { drawLine, drawTable, legend } from "./table.js";

const help = `npm run bench -- [options]

Times LayerNorm and RMSNorm: the engine, its kernel alone, JavaScript, and the copy that nothing can beat. Every answer
is checked against the reference first; contestants take turns; the medians of one run are what may be compared.

${optionsHelp}`;

const request = read("bench", help);
if (request !== undefined) await run(request);

async function run({ ops, shapes, dtypes, seconds, json }: Request): Promise<void> {
  const about = environment("bench/run.ts");
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

/** From the import of the built package to the first result, in processes of their own. */
function coldStart(): Line[] {
  const what = "import to first result, layerNorm of 64 numbers";
  const built = new URL("../dist/index.js", import.meta.url);
  const script = fileURLToPath(new URL("cold.mjs", import.meta.url));
  const once = () => Number(execFileSync(process.execPath, [script, built.href], { encoding: "utf8", cwd: root }));
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
