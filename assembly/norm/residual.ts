import { Lanes, trait } from "../lanes";
import { Term } from "../reduce/terms";
import { Rows } from "../strides";
import { Norm } from "./norm";
import { blockRows, normRows, oneRow } from "./rows";

/** A norm with all that its op may be given. The strides are those of y, sum, x and residual, in this order. */
@final @unmanaged
export class Normalize<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>> {
  /**
   * One row has a way of its own in f32, which single rows mostly are: it takes 1 KB gzipped.
   *
   * It is inlined, for each call between an export and the driver takes 5 ns, of the 35 of LayerNorm 1×64.
   */
  @inline rows(
    y: usize, nextY: usize, sum: usize, mean: usize, rstd: usize, x: usize, nextX: usize, residual: usize, weight: usize, bias: usize,
    strides: usize, rows: i32, cols: i32, eps: f64,
  ): void {
    if (residual) residualRows<L, P, T, N>(y, sum, mean, rstd, x, residual, weight, bias, strides, rows, cols, eps);
    else if (rows == 1 && trait<L>().digits == 24) oneRow<L, P, T, N>(y, mean, rstd, x, weight, bias, rows, cols, eps);
    else normRows<L, P, T, N>(y, nextY, mean, rstd, x, nextX, weight, bias, rows, cols, eps);
  }
}

/**
 * The norm of x + residual: a block of rows of that to sum (to y where there is no sum, which the norm then overwrites), and then
 * their norm while they are in L1. So the result is the norm of the stored sum, bit for bit, for the bits of a row depend on
 * nothing else. Bytes per element beyond cache: x, residual and y once, and sum once.
 */
function residualRows<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>>(
  y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, strides: usize,
  rows: i32, cols: i32, eps: f64,
): void {
  const l = trait<L>(), r = trait<Rows<L>>(), step = l.step, row = <usize>cols * l.size;
  const nextY = r.stride(strides, 0, cols), nextX = r.stride(strides, 2, cols), nextOther = r.stride(strides, 3, cols);
  const nextSum = sum ? r.stride(strides, 1, cols) : nextY, most = blockRows(row, false);
  if (!sum) sum = y;
  for (let left = rows; left > 0; left -= most) {
    const count = min(most, left), block = sum;
    // rows without gaps between them are added as one
    const gapless = nextX == row && nextOther == row && nextSum == row, runs = gapless ? 1 : count;
    const elements = gapless ? count * cols : cols, tail = elements & (l.width - 1);
    const body = <usize>(elements - tail) * l.size, twos = body & ~(2 * step - 1), rowsPerRun: usize = gapless ? <usize>count : 1;
    for (let r = 0; r < runs; r++) {
      let i: usize = 0;
      for (; i < twos; i += 2 * step) {
        const a = l.add(l.load(x + i), l.load(residual + i));
        l.storeTwo(sum + i, a, l.add(l.load(x + i + step), l.load(residual + i + step)));
      }
      if (i < body) { l.store(sum + i, l.add(l.load(x + i), l.load(residual + i))); i += step; }
      if (tail) l.storePart(sum + i, l.add(l.loadPart(x + i, tail), l.loadPart(residual + i, tail)), tail);
      x += rowsPerRun * nextX; residual += rowsPerRun * nextOther; sum += rowsPerRun * nextSum;
    }
    normRows<L, P, T, N>(y, nextY, mean, rstd, block, nextSum, weight, bias, count, cols, eps);
    y += <usize>count * nextY;
    if (mean) mean += <usize>count * l.lane;
    if (rstd) rstd += <usize>count * l.lane;
  }
}
