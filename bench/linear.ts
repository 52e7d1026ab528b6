/**
 * `npm run bench:linear`: the linear layer beside others who have one on WebAssembly, each at its best on one thread, and beside what
 * bounds it on this machine. Everyone's result is checked before time is taken. See --help.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import Benchmark from "benchmark";
import { hasRelaxed } from "../bindings/engine/variants.js";
import { createEngine, type Engine, relaxed } from "../dist/index.js";
import { oneOf, provenance } from "./command.js";
import { type Asked, asked, contestantsOf } from "./linear/engine.js";
import { loopsOf } from "./linear/limits.js";
import { peers } from "./linear/peers.js";
import { parseShapes, type Shape } from "./linear/problem.js";
import { type Environment, runTable, type Table } from "./linear/suite.js";
import { drawTable, legend } from "./linear/table.js";
import { warning } from "./noise.js";
import { gather } from "./peers/install.js";

const shapes = "512x768x768,512x768x3072,512x3072x768,128x64x64,8x768x768,1x768x768,1x4096x4096";

const help = `npm run bench:linear -- [options]

The linear layer, simd and relaxed where the runtime has it, with onnxruntime-web, tfjs-wasm and jax-js, which are installed on
first use (half a gigabyte). Who is missing, fails or is wrong is named with the reason; the exit code tells of the engine alone.

  --shapes SHAPES   rows×cols×k (${shapes})
  --dtype DTYPES    f32, bf16, f16: with halves, x and W of that type, and W alone beside x of f32; f32 always (f32).
                    int8: W of 8 bits with a scale per row and per group of 128 and of 32, beside x of f32
  --alone           without the others: the engine and the limits
  --seconds N       per table (10)
  --json FILE       the results with machine, runtime, commit and command: a record
  --help            this
`;

interface Request {
  shapes: Shape[];
  dtypes: Asked[];
  alone: boolean;
  seconds: number;
  json: string | undefined;
}

const request = read();
if (request !== undefined) await run(request);

function read(): Request | undefined {
  try {
    const { values } = parseArgs({
      options: {
        shapes: { type: "string", default: shapes },
        dtype: { type: "string", default: "f32" },
        seconds: { type: "string", default: "10" },
        alone: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(help);
      return undefined;
    }
    const seconds = Number(values.seconds);
    if (!(seconds > 0)) throw new Error(`--seconds expected a positive number, got ${JSON.stringify(values.seconds)}`);
    return {
      shapes: parseShapes(values.shapes),
      dtypes: oneOf("--dtype", values.dtype, asked),
      alone: values.alone,
      seconds,
      json: values.json,
    };
  } catch (error) {
    console.error(`bench:linear: ${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
}

async function run({ shapes, dtypes, alone, seconds, json }: Request): Promise<void> {
  const about = provenance("bench/linear.ts");
  if (about.stale) console.error("dist/ is older than bindings/, and it is dist/ that is timed: npm run build first\n");
  const engines: Engine[] = [createEngine()];
  const memory = new WebAssembly.Memory({ initial: 1 });
  const environment: Environment = { memory, loops: { simd: loopsOf("simd", memory) } };
  if (hasRelaxed()) {
    engines.push(createEngine({ variant: relaxed }));
    environment.loops.relaxed = loopsOf("relaxed", memory);
  }
  const own = engines.flatMap((engine) => contestantsOf(engine, dtypes));
  const { others, absent, versions } = await gather(alone ? [] : peers);
  console.log(
    `${about.machine.cpu}, ${about.machine.cores} cores · Node ${about.runtime.node} (V8 ${about.runtime.v8})`,
  );
  for (const [name, version] of Object.entries(versions)) console.log(`${name} ${version}`);
  for (const { name, reason } of absent) console.log(`absent: ${name}: ${reason}`);
  console.log(`\n${legend.join("\n")}\n`);

  const results: Table[] = [];
  for (const shape of shapes) {
    const table = await runTable(Benchmark, environment, shape, [...own, ...others], { seconds });
    console.log(`${drawTable(table)}\n`);
    results.push(table);
  }

  const noisy = warning(results.map(({ noise }) => noise));
  if (noisy !== undefined) console.log(noisy);
  if (results.some(({ leftOut }) => leftOut.some(({ name }) => own.some((one) => one.name === name)))) {
    console.error("one of the engine's own was left out: see above");
    process.exitCode = 1;
  }
  if (json !== undefined) {
    const record = { ...about, noisy: noisy ?? null, peers: versions, absent, results };
    await writeFile(json, `${JSON.stringify(record, null, 2)}\n`);
    console.log(`written to ${json}`);
  }
  // onnxruntime-web keeps its memory open
  process.exit();
}
