import { begin, type CommonOptions, checkOptions, noOptions } from "../call/begin.js";
import type { Op } from "../call/op.js";
import type { ArrayOrTensor, Like } from "../call/operand.js";
import * as table from "../wasm/ops.js";

/** Options of `center` and `meanVector`. */
export interface CenterOptions extends CommonOptions {
  /** Receives the result; may be x itself. */
  out?: ArrayOrTensor;
}

/** Runs an op that has one output like x and no other operand. */
function elementwise(op: Op<table.CenterKernel, "out" | "x">, x: ArrayOrTensor, options: CenterOptions): ArrayOrTensor {
  checkOptions(op, options);
  const { out } = options;
  const call = begin(op, x, options);
  try {
    const y = call.output(op.operands.out, out);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(call.at(y), call.at(call.x), call.strides(), call.blockRows, call.cols);
    } while (call.next());
    return call.result(y);
  } finally {
    call.end();
  }
}

/**
 * Subtracts each row's mean: removes its component along the uniform vector 1.
 *
 * y = x − μ·1 = x − (x·1̂)1̂ with 1̂ = 1/√d, the first of LayerNorm's three steps. The result is exact to its last bits for
 * means up to 1e6 standard deviations; a constant row gives exactly 0.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–8
 *
 * @example
 * ```ts
 * center(new Float32Array([1, 2, 3, 4])); // [-1.5, -0.5, 0.5, 1.5]
 * ```
 */
export function center<O extends ArrayOrTensor>(x: ArrayOrTensor, options: CenterOptions & { out: O }): O;
export function center<X extends ArrayOrTensor>(x: X, options?: CenterOptions & { out?: undefined }): Like<X>;
export function center<X extends ArrayOrTensor>(x: X, options?: CenterOptions): Like<X> | ArrayOrTensor;
export function center(x: ArrayOrTensor, options: CenterOptions = noOptions): ArrayOrTensor {
  return elementwise(table.center, x, options);
}

/**
 * The component of each row along the uniform vector.
 *
 * y = μ·1 = (x·1̂)1̂, of length ‖x‖ |cos θ|.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–7
 *
 * @example
 * ```ts
 * meanVector(new Float32Array([1, 2, 3, 4])); // [2.5, 2.5, 2.5, 2.5]
 * ```
 */
export function meanVector<O extends ArrayOrTensor>(x: ArrayOrTensor, options: CenterOptions & { out: O }): O;
export function meanVector<X extends ArrayOrTensor>(x: X, options?: CenterOptions & { out?: undefined }): Like<X>;
export function meanVector<X extends ArrayOrTensor>(x: X, options?: CenterOptions): Like<X> | ArrayOrTensor;
export function meanVector(x: ArrayOrTensor, options: CenterOptions = noOptions): ArrayOrTensor {
  return elementwise(table.meanVector, x, options);
}

/** What `decompose` returns: arrays or Tensors like x. */
export interface Decomposition<X> {
  /** μ·1 = (x·1̂)1̂. */
  meanVector: Like<X>;
  /** Step (i): x⊥ = x − μ·1. */
  orthogonal: Like<X>;
  /** Step (ii): x⊥/‖x⊥‖. */
  unit: Like<X>;
  /** Step (iii): √d·x⊥/‖x⊥‖, which is LayerNorm with eps 0. */
  standardized: Like<X>;
}

/**
 * The results of LayerNorm's three steps: the component along the uniform vector is removed, what is left is normalised,
 * and that is scaled by √d.
 *
 * x⊥ = x − μ·1, then x⊥/‖x⊥‖, then √d·x⊥/‖x⊥‖. Of a constant row nothing is left: orthogonal, unit and standardized are 0.
 *
 * @param x rows × cols elements
 * @returns four Tensors for a Tensor, four arrays like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what was got
 * @see arXiv 2409.12951 v2 eq. 8–9, Algorithm 1
 *
 * @example
 * ```ts
 * const { meanVector, standardized } = decompose(new Float32Array([1, 3]));
 * meanVector; // [2, 2]
 * standardized; // [-1, 1]
 * ```
 */
export function decompose<X extends ArrayOrTensor>(x: X, options: CommonOptions = noOptions): Decomposition<X> {
  const op = table.decompose;
  checkOptions(op, options);
  const call = begin(op, x, options);
  try {
    const mean = call.output(op.operands.meanVector);
    const orthogonal = call.output(op.operands.orthogonal);
    const unit = call.output(op.operands.unit);
    const standardized = call.output(op.operands.standardized);
    const kernel = call.kernel(op);
    call.stage();
    do {
      kernel(
        call.at(mean),
        call.at(orthogonal),
        call.at(unit),
        call.at(standardized),
        call.at(call.x),
        call.strides(),
        call.blockRows,
        call.cols,
      );
    } while (call.next());
    return {
      meanVector: call.result(mean),
      orthogonal: call.result(orthogonal),
      unit: call.result(unit),
      standardized: call.result(standardized),
    } as Decomposition<X>;
  } finally {
    call.end();
  }
}
