import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { blockRows, rows } from "./rows";

/**
 * A block of rows of x + residual to sum (to y where there is none, which the norm then overwrites), then their norm while
 * they are in L1. So the result is the norm of the stored sum, bit for bit: a row's bits depend on nothing else.
 * Bytes an element beyond cache: x, residual and y once, sum once if it is asked for.
 */
export function residual<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, sum: usize, mean: usize, rstd: usize, x: usize, other: usize, weight: usize, bias: usize,
  count: i32, cols: i32, eps: f64,
): void {
  const l = the<L>(), step = l.step, row = <usize>cols * l.size, most = blockRows(row, false);
  for (let r = 0; r < count; r += most) {
    const n = min(most, count - r), elements = n * cols, tail = elements & (l.width - 1);
    const at = <usize>r * row, lane = <usize>r * l.lane, body = <usize>(elements - tail) * l.size;
    const s = (sum ? sum : y) + at, a = x + at, b = other + at;
    let i: usize = 0;
    for (const twos = body & ~(2 * step - 1); i < twos; i += 2 * step) {
      l.storeTwo(s + i, l.add(l.load(a + i), l.load(b + i)), l.add(l.load(a + i + step), l.load(b + i + step)));
    }
    if (i < body) { l.store(s + i, l.add(l.load(a + i), l.load(b + i))); i += step; }
    if (tail) l.storePart(s + i, l.add(l.loadPart(a + i, tail), l.loadPart(b + i, tail)), tail);
    rows<L, P, N>(y + at, mean ? mean + lane : 0, rstd ? rstd + lane : 0, s, weight, bias, n, cols, eps);
  }
}
