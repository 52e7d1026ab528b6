import { begin, type CommonOptions, checkOptions, none } from "../call.js";
import { rangeError, words } from "../check.js";
import { type DType, fromHalf, toHalf, wideOf } from "../dtype.js";
import type { Op, Operand } from "../frame.js";
import { project as family } from "../wasm/project.js";
import { shorter } from "./geometry.js";

/** Options of `project` and `reject`. */
export interface ProjectOptions extends CommonOptions {
  /** Receives the coefficients, rows × k (f64 for f64, else f32): project(x) = coefficients · direction. */
  coefficients?: Operand;
}

const along: Op = { name: "project", guide: "direction", family };
const across: Op = { name: "reject", guide: "direction", family };
const orthonormalizing: Op = { name: "orthonormalize", argument: "vectors", family };
const preparing: Op = { name: "prepare", family };
const deviating: Op = { name: "deviation", family };

/** How far from orthonormal the rows of a direction may be, by what they are stored in: a few roundings. */
const TOLERANCE: Record<DType, number> = { f64: 1e-6, f32: 1e-5, f16: 4e-3, bf16: 3e-2 };
/** The share of its length that must be left of a vector outside the span of those before it: eight roundings. */
const INDEPENDENT: Record<DType, number> = { f64: 2 ** -50, f32: 2 ** -21, f16: 2 ** -8, bf16: 2 ** -5 };
/** `prepare`'s word for a vector without a direction. */
const NO_DIRECTION = -2000;

function projection(op: Op, x: Operand, direction: Operand, options: ProjectOptions & { out?: Operand }): Operand {
  checkOptions(op.name, options);
  const { out, coefficients } = options;
  const f = begin(op, x, options, shorter(x, direction), direction);
  const one = direction?.length === f.cols;
  const q = f.directions("direction", direction, one);
  const k = direction.length / f.cols;
  const y = f.output("out", out);
  const c = f.perRow("coefficients", coefficients, k);
  f.inPlace(y, f.x);
  const kernel = f.kernel(op);
  const check = f.kernel(one ? preparing : deviating, wideOf(f.dtype));
  f.stage();
  try {
    const exponent = one ? check(f.at(q), f.cols) : 0;
    if (exponent === NO_DIRECTION) {
      throw rangeError(op.name, "direction", "a finite vector other than 0", words("one without a direction"));
    }
    if (!one) checkOrthonormal(op.name, check(f.at(q), k, f.cols), TOLERANCE[q.given]);
    kernel(f.at(y), f.at(c), f.at(f.x), f.at(q), f.rows, f.cols, k);
    // a direction brought to a length near 1 by 2^exponent has coefficients that are larger by as much
    const scale = exponent + q.exponent;
    if (scale !== 0) {
      // in two steps, neither of which is beyond f64: 0 must stay 0
      const half = 2 ** Math.trunc(scale / 2);
      const rest = 2 ** (scale - Math.trunc(scale / 2));
      const view = f.view(c);
      for (let i = 0; i < view.length; i++) view[i] = view[i] * half * rest;
    }
    if (coefficients !== undefined) f.fill(c);
    return f.result(y);
  } catch (error) {
    f.abandon();
    throw error;
  } finally {
    f.end();
  }
}

function checkOrthonormal(op: string, deviation: number, tolerance: number): void {
  if (deviation <= tolerance) return;
  const got = words(`rows whose products are off by ${deviation.toPrecision(2)}`);
  throw rangeError(op, "direction", "one vector, or orthonormal rows (see orthonormalize)", got);
}

/**
 * The component of each row in the span of `direction`.
 *
 * y = Σⱼ cⱼ·qⱼ, cⱼ = x·qⱼ / qⱼ·qⱼ, for one vector of any length but zero, or k orthonormal rows. Projecting on the
 * uniform vector is `meanVector`. In f32, |Δy| ≤ 5e-7·‖x‖.
 *
 * @param x rows × cols elements
 * @param direction [cols], or [k, cols] with orthonormal rows; of x's element type, f32 or f64
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {RangeError} if direction is 0, or has several rows that are not orthonormal: see `orthonormalize`
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–6
 *
 * @example
 * ```ts
 * project(new Float32Array([3, 4]), new Float32Array([2, 0])); // [3, 0]
 * ```
 */
export function project<O extends Operand>(x: Operand, direction: Operand, options: ProjectOptions & { out: O }): O;
export function project<X extends Operand>(x: X, direction: Operand, options?: ProjectOptions & { out?: undefined }): X;
export function project<X extends Operand>(x: X, direction: Operand, options?: ProjectOptions & { out?: X }): X;
export function project(x: Operand, direction: Operand, options: ProjectOptions & { out?: Operand } = none): Operand {
  return projection(along, x, direction, options);
}

/**
 * What is left of each row without its component in the span of `direction`: x − project(x, direction).
 *
 * Rejecting the uniform vector is `center`, which for large means is the more exact. In f32, |Δy| ≤ 5e-7·‖x‖.
 *
 * @param x rows × cols elements
 * @param direction [cols], or [k, cols] with orthonormal rows; of x's element type, f32 or f64
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {RangeError} if direction is 0, or has several rows that are not orthonormal: see `orthonormalize`
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–8
 *
 * @example
 * ```ts
 * reject(new Float32Array([3, 4]), new Float32Array([2, 0])); // [0, 4]
 * ```
 */
export function reject<O extends Operand>(x: Operand, direction: Operand, options: ProjectOptions & { out: O }): O;
export function reject<X extends Operand>(x: X, direction: Operand, options?: ProjectOptions & { out?: undefined }): X;
export function reject<X extends Operand>(x: X, direction: Operand, options?: ProjectOptions & { out?: X }): X;
export function reject(x: Operand, direction: Operand, options: ProjectOptions & { out?: Operand } = none): Operand {
  return projection(across, x, direction, options);
}

/**
 * Orthonormal rows that span what the vectors span, for `project` and `reject`: the i-th from the first i vectors, with
 * a positive product with the i-th.
 *
 * Gram–Schmidt, each vector twice, in f64; the result is rounded to the element type, so that products are off by no
 * more than its roundings.
 *
 * @param vectors k × cols elements, k ≤ cols
 * @returns k × cols elements: a Tensor for a Tensor, an array like `vectors` for an array
 * @throws {RangeError} if a vector lies in the span of those before it, to within eight roundings of its element type
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came
 * @see Giraud, Langou, Rozložník 2005: twice is enough
 *
 * @example
 * ```ts
 * orthonormalize(new Float32Array([3, 4, 4, 3]), { cols: 2 }); // [0.6, 0.8, 0.8, -0.6]
 * ```
 */
export function orthonormalize<X extends Operand>(vectors: X, options: CommonOptions = none): X {
  checkOptions(orthonormalizing.name, options);
  const f = begin(orthonormalizing, vectors, options, undefined);
  const q = f.output("out", undefined);
  const work = f.work(f.length);
  const kernel = f.kernel(orthonormalizing, "f64");
  f.stage();
  try {
    const { dtype } = f;
    const from = f.view(f.x);
    const wide = f.view(work);
    if (dtype === "f32" || dtype === "f64") wide.set(from);
    else for (let i = 0; i < wide.length; i++) wide[i] = fromHalf(dtype, from[i]);
    const dependent = kernel(f.at(work), f.rows, f.cols, INDEPENDENT[dtype]);
    if (dependent >= 0) {
      const got = words(`row ${dependent}, which is 0, not finite, or in the span of those before it`);
      throw rangeError(orthonormalizing.name, "vectors", "linearly independent rows", got);
    }
    const to = f.view(q);
    if (dtype === "f32" || dtype === "f64") to.set(wide);
    else for (let i = 0; i < to.length; i++) to[i] = toHalf(dtype, wide[i]);
    return f.result(q) as X;
  } catch (error) {
    f.abandon();
    throw error;
  } finally {
    f.end();
  }
}
