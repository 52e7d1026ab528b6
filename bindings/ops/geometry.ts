import { begin, type CommonOptions, checkOptions, none } from "../call.js";
import { rangeError, words } from "../check.js";
import { BYTES, wideOf } from "../dtype.js";
import type { Op, Operand } from "../frame.js";
import { project } from "../wasm/project.js";
import type { PerRow } from "./moments.js";

/** What `geometry` returns. */
export interface Geometry<X> {
  /** ‖x‖. */
  norm: PerRow<X>;
  /** x·1̂ = μ√d, the component along the uniform vector, signed. */
  uniform: PerRow<X>;
  /** ‖x − (x·1̂)1̂‖ = σ√d, the length of the rest. */
  orthogonal: PerRow<X>;
  /** uniform / norm = μ/RMS. NaN for a row of zeros, which has no direction. */
  cosine: PerRow<X>;
  /** The angle to the uniform vector in radians, 0 … π. NaN for a row of zeros. */
  angle: PerRow<X>;
}

const measuring: Op = { name: "geometry", family: project };
const turning: Op = { name: "angle", guide: "y", family: project };

/**
 * Where each row lies with respect to the uniform vector 1, from LayerNorm's own statistics.
 *
 * norm² = uniform² + orthogonal²; cosine = uniform/norm; angle = atan2(orthogonal, uniform). What RMSNorm keeps and
 * LayerNorm removes is uniform: RMSNorm(x) = sin θ · LayerNorm(x) + cos θ · 1.
 *
 * In f32, cosine and angle are good to 5e-7, the lengths to 5e-7 of the norm.
 *
 * @param x rows × cols elements
 * @returns arrays of `rows` numbers, also for a Tensor
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came
 * @see arXiv 2409.12951 v2 eq. 2–7
 *
 * @example
 * ```ts
 * const { angle, cosine } = geometry(states, { cols: 768 });
 * (angle[0] * 180) / Math.PI; // about 90 for a language model's hidden states
 * ```
 */
export function geometry<X extends Operand>(x: X, options: CommonOptions = none): Geometry<X> {
  checkOptions(measuring.name, options);
  const f = begin(measuring, x, options, undefined);
  const norm = f.perRow("norm", undefined);
  const uniform = f.perRow("uniform", undefined);
  const orthogonal = f.perRow("orthogonal", undefined);
  const cosine = f.perRow("cosine", undefined);
  const angles = f.perRow("angle", undefined);
  const kernel = f.kernel(measuring);
  f.stage();
  try {
    kernel(f.at(norm), f.at(uniform), f.at(orthogonal), f.at(cosine), f.at(angles), f.at(f.x), f.rows, f.cols);
    return {
      norm: f.result(norm),
      uniform: f.result(uniform),
      orthogonal: f.result(orthogonal),
      cosine: f.result(cosine),
      angle: f.result(angles),
    } as Geometry<X>;
  } finally {
    f.end();
  }
}

/**
 * The angle in radians between each row of x and the same row of y, or between every row and one direction.
 *
 * θ = 2·atan2(‖x̂ − ŷ‖, ‖x̂ + ŷ‖), which is good near 0 and π too: to 5e-7 in f32, 1e-15 in f64. A row of zeros has no
 * direction and gives NaN.
 *
 * @param x rows × cols elements
 * @param y as many, or one row: of x's element type, f32 or f64
 * @returns an array of `rows` numbers, also for Tensors
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came
 * @see W. Kahan, How Futile are Mindless Assessments of Roundoff, 2006, §12
 *
 * @example
 * ```ts
 * angle(new Float32Array([1, 0, 0, 1]), new Float32Array([1, 1]), { cols: 2 }); // [0.7853…, 0.7853…]
 * ```
 */
export function angle<X extends Operand>(x: X, y: Operand, options: CommonOptions = none): PerRow<X> {
  checkOptions(turning.name, options);
  const f = begin(turning, x, options, shorter(x, y), y);
  const other = f.directions("y", y, false);
  const paired = y.length === f.length;
  if (!paired && y.length !== f.cols) {
    throw rangeError(turning.name, "y", `${f.length} elements like x, or one row of ${f.cols}`, words(`${y.length}`));
  }
  const angles = f.perRow("angle", undefined);
  const kernel = f.kernel(turning);
  f.stage();
  try {
    const next = paired ? f.cols * BYTES[wideOf(f.dtype)] : 0;
    kernel(f.at(angles), f.at(f.x), f.at(other), next, f.rows, f.cols);
    return f.result(angles) as PerRow<X>;
  } finally {
    f.end();
  }
}

/** Where neither cols nor a Tensor says how long a row is, one direction beside several rows does. */
export function shorter(x: Operand, direction: Operand): Operand | undefined {
  return direction?.length < x?.length ? direction : undefined;
}
