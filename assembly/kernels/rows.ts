import { Lanes, the } from "../lanes";
import { Block } from "./block";
import { Norm } from "./norm";
import { resolved } from "./resolved";
import { Row } from "./row";
import { means, ones, squares, unscale, verdicts, zeros } from "./scratch";

/** Beyond this many bytes of x, and out of place, the output's lines are touched before they are needed. */
const cache: usize = 4 << 20;

/**
 * The driver: N of every row of x.
 *
 * 1. In cache, or in place: blocks of four rows, until one has a row that one pass cannot settle.
 * 2. The rows of that block, the last three, and beyond cache all rows: one by one.
 * 3. A row that one pass cannot settle: `resolved`.
 *
 * In: x, rows × cols; weight and bias, cols each, absent if 0. Out: y, rows × cols, which may be x; mean and rstd, one
 * lane a row, absent if 0. Bytes an element: x twice (the second time from cache), y once.
 * L are the lanes of x and y, P those of weight and bias: f32 for the halves.
 */
export function rows<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  const l = the<L>(), p = the<P>(), n = the<N>(), row = <usize>cols * l.size;
  const far = x != y && row * rows > cache;
  const nextWeight = weight ? p.step : 0, nextBias = bias ? p.step : 0;
  if (n.weighted && !weight) weight = fill<P>(ones, 1);
  if (n.biased && !bias) bias = fill<P>(zeros, 0);
  v128.store(unscale, l.splat(1));
  for (let r = 0; r < rows; ) {
    let judged = false; // are the verdicts on this block's rows in scratch?
    if (!far && rows - r >= 4) {
      const at = <usize>r * row, lane = <usize>r * l.lane;
      r += the<Block<L, P, N>>().run(
        y + at, mean ? mean + lane : 0, rstd ? rstd + lane : 0, x + at, weight, bias, nextWeight, nextBias, rows - r, cols, eps,
      );
      judged = rows - r >= 4;
    }
    const first = r;
    for (const end = far ? rows : min(rows, r + 4); r < end; ) {
      const k = judged ? <usize>(r - first) * l.lane : 0;
      if (!judged || load<i32>(verdicts + k)) {
        const at = <usize>r * row, lane = <usize>r * l.lane, some = judged ? 1 : end - r;
        const done = the<Row<L, P, N>>().run(
          y + at, mean ? mean + lane : 0, rstd ? rstd + lane : 0, x + at, weight, bias, nextWeight, nextBias, some, cols, eps, far,
        );
        r += done;
        if (done == some) continue;
      }
      const at = <usize>r * row, lane = <usize>r * l.lane;
      resolved<L, P, N>(
        y + at, mean ? mean + lane : 0, rstd ? rstd + lane : 0, x + at, weight, bias, nextWeight, nextBias, cols, eps,
        l.first(l.loadSplat(means + k)), l.first(l.loadSplat(squares + k)),
      );
      r++;
    }
  }
}

/** Four vectors of a constant, for an argument that is absent. */
function fill<P extends Lanes>(at: usize, value: f64): usize {
  for (let k: usize = 0; k < 4; k++) v128.store(at + 16 * k, the<P>().splat(value));
  return at;
}
