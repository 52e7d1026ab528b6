import { Convert } from "../convert/convert";
import { F64, Lanes, trait } from "../lanes";
import { Rows } from "../strides";
import { dot, noDirection, scaleDirection } from "./directions";

/**
 * k vectors made orthonormal, in order: Gram–Schmidt, each vector twice, which is enough (Giraud, Langou,
 * Rozložník 2005). In f64 for every element type. Returns -1, or the first row of which no more than `tolerance` of
 * its length is left outside the span of the rows before it.
 */
export function orthonormalize<L extends Lanes, P extends Lanes>(
  out: usize, work: usize, vectors: usize, strides: usize, rows: i32, cols: i32, tolerance: f64,
): i32 {
  const nextOut = trait<Rows<L>>().stride(strides, 0, cols), nextWork = trait<Rows<F64>>().stride(strides, 1, cols);
  trait<Convert<L, F64>>().rows(work, vectors, nextWork, trait<Rows<L>>().stride(strides, 2, cols), rows, cols);
  const dependent = gramSchmidt(work, rows, cols, tolerance);
  if (dependent < 0) trait<Convert<F64, L>>().rows(out, work, nextOut, nextWork, rows, cols);
  return dependent;
}

function gramSchmidt(q: usize, k: i32, cols: i32, tolerance: f64): i32 {
  const p = trait<F64>(), row = <usize>cols * p.size;
  for (let i = 0, v = q; i < k; i++, v += row) {
    if (scaleDirection<F64>(v, cols) == noDirection) return i;
    const length = sqrt(dot<F64>(v, v, cols));
    for (let pass = 0; pass < 2; pass++) {
      for (let u = q; u < v; u += row) axpy(v, -dot<F64>(v, u, cols), u, cols);
    }
    const left = sqrt(dot<F64>(v, v, cols));
    if (!(left > tolerance * length)) return i;
    for (let j = 0; j < cols; j++) store<f64>(v + (<usize>j << 3), load<f64>(v + (<usize>j << 3)) / left);
  }
  return -1;
}

/** y += a·x, f64. */
function axpy(y: usize, a: f64, x: usize, cols: i32): void {
  const p = trait<F64>(), tail = cols & 1, as = p.splat(a);
  for (const end = y + (<usize>(cols - tail) << 3); y < end; y += 16, x += 16) p.store(y, p.fma(as, p.load(x), p.load(y)));
  if (tail) p.storePart(y, p.fma(as, p.loadPart(x, 1), p.loadPart(y, 1)), 1);
}
