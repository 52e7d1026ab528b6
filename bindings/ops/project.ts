import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import { directions } from "../call/directions.js";
import type { Op } from "../call/op.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import { rangeError, verbatim } from "../check.js";
import type { DType } from "../memory/dtype.js";
import * as table from "../wasm/ops.js";

/** Options of `project` and `reject`. */
export interface ProjectOptions extends CommonOptions {
  /** Receives the coefficients, rows × k (f64 for f64, else f32): project(x) = coefficients · direction. */
  coefficients?: ArrayOrTensor;
  /** Receives the result; may be x itself. */
  out?: ArrayOrTensor;
}

/** How far from orthonormal several directions may be: a few roundings of the element type in which they are stored. */
const TOLERANCE: Record<DType, number> = { f64: 1e-6, f32: 1e-5, f16: 4e-3, bf16: 3e-2 };
/** What the kernel returns for a single direction that is zero or not finite. */
const NO_DIRECTION = -1;
/** The kernel scales a single direction once per block of rows. */
const FEWEST_ROWS = 32;

function projection(
  op: Op<table.ProjectKernel, "out" | "coefficients" | "x" | "direction">,
  x: ArrayOrTensor,
  direction: ArrayOrTensor,
  options: ProjectOptions,
): ArrayOrTensor {
  checkOptions(op, options);
  const { out, coefficients } = options;
  const call = begin(op, x, options, direction);
  try {
    const q = directions(call, op.operands.direction, direction);
    const y = call.output(op.operands.out, out);
    const { coefficients: spec } = op.operands;
    const c = call.optional(spec, coefficients) ?? call.workspace(spec, call.rows, call.k);
    const kernel = call.kernel(op);
    // the kernel measures the directions once per block: k·k products of rows, beside k·rows
    call.stage(Math.max(FEWEST_ROWS, 8 * call.k));
    do {
      const error = kernel(
        call.at(y),
        call.at(c),
        call.at(call.x),
        call.at(q),
        call.strides(),
        call.blockRows,
        call.cols,
        call.k,
        q.exponent,
        TOLERANCE[q.given],
      );
      // found before the first row, so that nothing has been written
      if (error === NO_DIRECTION) {
        throw rangeError(op.name, "direction", "a finite vector other than 0", verbatim("one without a direction"));
      }
      if (error !== 0) {
        const got = verbatim(`rows whose products are off by ${error.toPrecision(2)}`);
        throw rangeError(op.name, "direction", "one vector, or orthonormal rows (see orthonormalize)", got);
      }
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}

/**
 * The component of each row in the span of `direction`.
 *
 * y = Σⱼ cⱼ·qⱼ, cⱼ = x·qⱼ / qⱼ·qⱼ, for one vector of any length but zero, or k orthonormal rows. The projection on the
 * uniform vector is `meanVector`. In f32, |Δy| ≤ 5e-7·‖x‖; in f64 1e-15·‖x‖.
 *
 * @param x rows × cols elements
 * @param direction [cols], or [k, cols] with orthonormal rows; of x's element type, f32 or f64
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {RangeError} if direction is 0, or has several rows that are not orthonormal: see `orthonormalize`
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–6
 *
 * @example
 * ```ts
 * project(new Float32Array([3, 4]), new Float32Array([2, 0])); // [3, 0]
 * ```
 */
export function project<O extends ArrayOrTensor>(
  x: ArrayOrTensor,
  direction: ArrayOrTensor,
  options: ProjectOptions & { out: O },
): O;
export function project<X extends ArrayOrTensor>(
  x: X,
  direction: ArrayOrTensor,
  options?: ProjectOptions & { out?: undefined },
): Like<X>;
export function project<X extends ArrayOrTensor>(
  x: X,
  direction: ArrayOrTensor,
  options?: ProjectOptions,
): Like<X> | ArrayOrTensor;
export function project(
  x: ArrayOrTensor,
  direction: ArrayOrTensor,
  options: ProjectOptions = noOptions,
): ArrayOrTensor {
  return projection(table.project, x, direction, options);
}

/**
 * What is left of each row without its component in the span of `direction`.
 *
 * y = x − project(x, direction). For the uniform vector that is `center`, which is more exact where the mean is large. In f32,
 * |Δy| ≤ 5e-7·‖x‖; in f64 1e-15·‖x‖.
 *
 * @param x rows × cols elements
 * @param direction [cols], or [k, cols] with orthonormal rows; of x's element type, f32 or f64
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {RangeError} if direction is 0, or has several rows that are not orthonormal: see `orthonormalize`
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–8
 *
 * @example
 * ```ts
 * reject(new Float32Array([3, 4]), new Float32Array([2, 0])); // [0, 4]
 * ```
 */
export function reject<O extends ArrayOrTensor>(
  x: ArrayOrTensor,
  direction: ArrayOrTensor,
  options: ProjectOptions & { out: O },
): O;
export function reject<X extends ArrayOrTensor>(
  x: X,
  direction: ArrayOrTensor,
  options?: ProjectOptions & { out?: undefined },
): Like<X>;
export function reject<X extends ArrayOrTensor>(
  x: X,
  direction: ArrayOrTensor,
  options?: ProjectOptions,
): Like<X> | ArrayOrTensor;
export function reject(x: ArrayOrTensor, direction: ArrayOrTensor, options: ProjectOptions = noOptions): ArrayOrTensor {
  return projection(table.reject, x, direction, options);
}
