/** `npm run bench:peers`: the suite with others who can do it, each at its best on one thread, and native C. See --help. */
import { writeFile } from "node:fs/promises";
import Benchmark from "benchmark";
import { optionsHelp, provenance, type Request, read } from "../command.js";
import { type Contestant, contestants } from "../contestants/index.js";
import { native } from "../native/native.js";
import { warning } from "../noise.js";
import { openEnvironment, runCase, type Table } from "../suite.js";
import { drawTable, legend } from "../table.js";
import { type Gathered, gather as gatherPeers } from "./install.js";
import { jax } from "./jax.js";
import { onnxruntime } from "./onnxruntime.js";
import { tfjs } from "./tfjs.js";

const help = `npm run bench:peers -- [options]

The engine's suite with onnxruntime-web, onnxruntime-node, tfjs-wasm and jax-js, which are installed here on first use
(half a gigabyte), and with native C, compiled by $CC, gcc or cc. Same problems, same checks, same rounds. Who is missing,
fails or is wrong is named with the reason; the exit code tells of the engine alone.

${optionsHelp}`;

const request = read("bench:peers", help);
if (request !== undefined) await run(request);

async function run({ ops, shapes, dtypes, seconds, json }: Request): Promise<void> {
  const about = provenance("bench/peers/run.ts");
  if (about.stale) console.error("dist/ is older than bindings/, and it is dist/ that is timed: npm run build first\n");
  const { others, absent, versions } = await gather();
  console.log(
    `${about.machine.cpu}, ${about.machine.cores} cores · Node ${about.runtime.node} (V8 ${about.runtime.v8})`,
  );
  for (const [name, version] of Object.entries(versions)) console.log(`${name} ${version}`);
  for (const { name, reason } of absent) console.log(`absent: ${name}: ${reason}`);
  console.log(`\n${legend.join("\n")}\n`);

  const environment = openEnvironment();
  const results: Table[] = [];
  for (const op of ops) {
    for (const dtype of dtypes) {
      for (const shape of shapes) {
        // twice as many contestants as without them
        const budget = { seconds: 2 * seconds };
        const everyone = [...contestants, ...others];
        const table = await runCase(Benchmark, environment, { op, dtype, ...shape }, everyone, budget);
        console.log(`${drawTable(table)}\n`);
        results.push(table);
      }
    }
  }

  const noisy = warning(results.map(({ noise }) => noise));
  if (noisy !== undefined) console.log(noisy);
  if (results.some(({ leftOut }) => leftOut.some(({ name }) => contestants.some((own) => own.name === name)))) {
    console.error("one of the suite's own was left out: see above");
    process.exitCode = 1;
  }
  if (json !== undefined) {
    await writeFile(
      json,
      `${JSON.stringify({ ...about, noisy: noisy ?? null, peers: versions, absent, results, lines: [] }, null, 2)}\n`,
    );
    console.log(`written to ${json}`);
  }
  // threads of theirs may go on
  process.exit();
}

/** Everyone who can be had, and why not the others. */
async function gather(): Promise<Gathered<Contestant>> {
  const { others, absent, versions } = await gatherPeers<Contestant>([
    ["@jax-js/jax", jax],
    ["@tensorflow/tfjs-backend-wasm", tfjs],
    ["onnxruntime-web", () => onnxruntime("onnxruntime-web")],
    ["onnxruntime-node", () => onnxruntime("onnxruntime-node")],
  ]);
  const compiled = native();
  others.push(...compiled.contestants);
  absent.push(...compiled.absent);
  if (compiled.compiler !== undefined) versions["native C"] = compiled.compiler;
  return { others, absent, versions };
}
