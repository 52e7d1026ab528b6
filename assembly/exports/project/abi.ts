// The projections' ABI, a line per op and element type in the files beside this one. Outputs first, then inputs, parameters,
// sizes, scalars.

import { Decompose } from "../../kernels/center";
import { rows as run } from "../../kernels/rows";
import { distances, rootInverse } from "../../kernels/scratch";
import { Lanes, the } from "../../lanes";

export function decompose<L extends Lanes, P extends Lanes>(
  meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32,
): void {
  store<usize>(distances, meanVector - orthogonal);
  store<usize>(distances + 4, unit - orthogonal);
  store<usize>(distances + 8, standardized - orthogonal);
  v128.store(rootInverse, the<L>().splat(1 / sqrt(<f64>cols)));
  run<L, P, Decompose<L>>(orthogonal, 0, 0, x, 0, 0, rows, cols, 0);
}
