/** JavaScript alone. Halves are decoded to Float32Array and encoded again, which the time includes. */
import { decode, encode } from "../halves.js";
import { isHalf, type Problem, type Wide } from "../problem.js";
import { bestLayerNorm, bestRMSNorm } from "./best.js";
import type { Entry } from "./contestant.js";
import { plainLayerNorm, plainRMSNorm } from "./plain.js";

type LayerNorm = (y: Wide, x: Wide, weight: Wide, bias: Wide, rows: number, cols: number, eps: number) => void;
type RMSNorm = (y: Wide, x: Wide, weight: Wide, rows: number, cols: number, eps: number) => void;

/** The yardstick of the tables. */
export const plain: Entry = {
  name: "plain JavaScript",
  enter: (problem) => javascript(problem, plainLayerNorm, plainRMSNorm),
};

export const best: Entry = {
  name: "best JavaScript",
  enter: (problem) => javascript(problem, bestLayerNorm, bestRMSNorm),
};

function javascript({ op, dtype, rows, cols, eps, arrays }: Problem, layerNorm: LayerNorm, rmsNorm: RMSNorm) {
  const { weight, bias } = arrays;
  const half = isHalf(dtype);
  const x = half ? new Float32Array(rows * cols) : (arrays.x as Wide);
  const y = half ? new Float32Array(rows * cols) : (arrays.y as Wide);
  const norm =
    op === "layerNorm"
      ? () => layerNorm(y, x, weight, bias, rows, cols, eps)
      : () => rmsNorm(y, x, weight, rows, cols, eps);
  const run = half
    ? () => {
        decode(dtype, arrays.x as Uint16Array, x as Float32Array);
        norm();
        encode(dtype, y as Float32Array, arrays.y as Uint16Array);
      }
    : norm;
  return { run, answer: () => arrays.y };
}
