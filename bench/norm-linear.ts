/**
 * `npm run bench:norm-linear`: a norm and the projection that reads it, in one call and in two, on Tensors, in f32 on one thread. The
 * two must have the same bits before time is taken. See --help.
 */
import { parseArgs } from "node:util";
import Benchmark from "benchmark";
import { hasRelaxed } from "../bindings/engine/variants.js";
import {
  createEngine,
  type Engine,
  layerNorm,
  layerNormLinear,
  linear,
  relaxed,
  rmsNorm,
  rmsNormLinear,
} from "../dist/index.js";
import { provenance } from "./command.js";
import { digits, duration } from "./format.js";
import { makeProblem, nameOf, parseShapes, type Shape } from "./linear/problem.js";
import { sampler } from "./linear/sampler.js";
import { measure, ratio } from "./measure.js";
import { isNoisy, mark, noiseOf, warning } from "./noise.js";

const shapes = "2048x4096x64,512x768x768,512x768x64,128x64x64,8x768x768,1x768x768,1x64x64";
const help = `npm run bench:norm-linear -- [options]

layerNormLinear and rmsNormLinear, beside layerNorm or rmsNorm into a Tensor and linear of that.

  --shapes SHAPES   rows×cols×k (${shapes})
  --seconds N       per line (4)
  --help            this
`;

const { values } = parseArgs({
  options: {
    shapes: { type: "string", default: shapes },
    seconds: { type: "string", default: "4" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(help);
else await run(parseShapes(values.shapes), Number(values.seconds));

async function run(shapes: readonly Shape[], seconds: number): Promise<void> {
  const { machine, runtime, stale } = provenance("bench/norm-linear.ts");
  if (stale) console.error("dist/ is older than bindings/, and it is dist/ that is timed: npm run build first\n");
  console.log(`${machine.cpu}, ${machine.cores} cores · Node ${runtime.node} (V8 ${runtime.v8})\n`);
  const columns = ["rows × cols → k", "norm", "variant", "two calls", "one call", "one over two"];
  console.log(row(columns));
  const engines = [createEngine(), ...(hasRelaxed() ? [createEngine({ variant: relaxed })] : [])];
  const noises = [];
  for (const shape of shapes) {
    for (const engine of engines) {
      for (const norm of ["LayerNorm", "RMSNorm"] as const) {
        const { two, one, teardown } = callsOf(engine, norm, shape);
        const timed = [two, one].map((run) => ({ run, sample: sampler(run) }));
        const [twice, once] = await measure(Benchmark, timed, { seconds });
        teardown();
        const named = [
          { name: "two calls", ...quartiles(twice) },
          { name: "one call", ...quartiles(once) },
        ];
        noises.push(noiseOf(named, undefined));
        const times = named.map(({ nanoseconds }) => duration(nanoseconds));
        const noisy = mark(named.some(isNoisy));
        console.log(row([nameOf(shape), norm, engine.variant, ...times, `${noisy} ${digits(ratio(once, twice))}`]));
      }
    }
  }
  console.log(warning(noises) ?? "");
}

function callsOf(engine: Engine, norm: "LayerNorm" | "RMSNorm", shape: Shape) {
  const { rows, cols, k, x, weight, bias } = makeProblem(shape);
  const operands = {
    x: engine.tensor("f32", [rows, cols], x),
    w: engine.tensor("f32", [k, cols], weight),
    linearBias: engine.tensor("f32", [k], bias),
    scale: engine.tensor("f32", [cols], new Float32Array(cols).fill(1.5)),
    normalized: engine.tensor("f32", [rows, cols]),
    y: engine.tensor("f32", [rows, k]),
    z: engine.tensor("f32", [rows, k]),
  };
  const { w, linearBias, scale, normalized, y, z } = operands;
  const layer = norm === "LayerNorm";
  const two = () => {
    if (layer) layerNorm(operands.x, { weight: scale, out: normalized });
    else rmsNorm(operands.x, { weight: scale, out: normalized });
    linear(normalized, w, { bias: linearBias, out: y });
  };
  const options = { weight: scale, linearBias, out: z };
  const one = () => (layer ? layerNormLinear(operands.x, w, options) : rmsNormLinear(operands.x, w, options));
  two();
  one();
  const different = y.data.findIndex((value, i) => !Object.is(value, z.data[i]));
  if (different >= 0) throw new Error(`${norm}: element ${different} of the one call has other bits than of the two`);
  return {
    two,
    one,
    teardown() {
      for (const tensor of Object.values(operands)) tensor.dispose();
    },
  };
}

function quartiles({ median, lowerQuartile, upperQuartile, samples }: Awaited<ReturnType<typeof measure>>[number]) {
  return {
    nanoseconds: median * 1e9,
    lowerQuartile: lowerQuartile * 1e9,
    upperQuartile: upperQuartile * 1e9,
    samples: samples.length,
  };
}

function row([shape, norm, variant, ...figures]: string[]): string {
  return shape.padEnd(20) + norm.padEnd(11) + variant.padEnd(9) + figures.map((one) => one.padStart(14)).join("");
}
