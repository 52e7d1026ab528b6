import { F32, Lanes, the } from "../lanes";

/** Halves to f32, exactly: a weight, bias or direction of x's element type, for P's lanes. */
export function widen<L extends Lanes>(y: usize, x: usize, count: i32): void {
  const l = the<L>(), p = the<F32>(), tail = count & (l.width - 1);
  for (const end = x + <usize>(count - tail) * l.size; x < end; x += l.step, y += p.step) p.store(y, l.load(x));
  if (tail) p.storePart(y, l.loadPart(x, tail), tail);
}
