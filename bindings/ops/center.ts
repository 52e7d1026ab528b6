import { begin, type CommonOptions, checkOptions, none } from "../call.js";
import type { Op, Operand } from "../frame.js";
import { project } from "../wasm/project.js";

const centering: Op = { name: "center", family: project };
const averaging: Op = { name: "meanVector", family: project };
const decomposing: Op = { name: "decompose", family: project };

/** An op with one output like x. */
function elementwise(op: Op, x: Operand, options: CommonOptions & { out?: Operand }): Operand {
  checkOptions(op.name, options);
  const { out } = options;
  const f = begin(op, x, options, undefined);
  const y = f.output("out", out);
  f.inPlace(y, f.x);
  const kernel = f.kernel(op);
  f.stage();
  try {
    kernel(f.at(y), f.at(f.x), f.rows, f.cols);
    return f.result(y);
  } finally {
    f.end();
  }
}

/**
 * Each row less its mean: the component along the uniform vector 1 removed.
 *
 * y = x − μ·1 = x − (x·1̂)1̂ with 1̂ = 1/√d; the first of LayerNorm's three steps. Good to the last bits of what
 * remains for means up to 1e6 deviations; a constant row gives exactly 0.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–8
 *
 * @example
 * ```ts
 * center(new Float32Array([1, 2, 3, 4])); // [-1.5, -0.5, 0.5, 1.5]
 * ```
 */
export function center<O extends Operand>(x: Operand, options: CommonOptions & { out: O }): O;
export function center<X extends Operand>(x: X, options?: CommonOptions & { out?: undefined }): X;
export function center<X extends Operand>(x: X, options?: CommonOptions & { out?: X }): X;
export function center(x: Operand, options: CommonOptions & { out?: Operand } = none): Operand {
  return elementwise(centering, x, options);
}

/**
 * The component of each row along the uniform vector: μ·1 = (x·1̂)1̂. Its length is ‖x‖ |cos θ|.
 *
 * @param x rows × cols elements
 * @returns `out` if it is given (it may be x itself), else a Tensor for a Tensor, an array like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came, before anything is written
 * @see arXiv 2409.12951 v2 eq. 2–7
 *
 * @example
 * ```ts
 * meanVector(new Float32Array([1, 2, 3, 4])); // [2.5, 2.5, 2.5, 2.5]
 * ```
 */
export function meanVector<O extends Operand>(x: Operand, options: CommonOptions & { out: O }): O;
export function meanVector<X extends Operand>(x: X, options?: CommonOptions & { out?: undefined }): X;
export function meanVector<X extends Operand>(x: X, options?: CommonOptions & { out?: X }): X;
export function meanVector(x: Operand, options: CommonOptions & { out?: Operand } = none): Operand {
  return elementwise(averaging, x, options);
}

/** What `decompose` returns, each like x. */
export interface Decomposition<X> {
  /** μ·1 = (x·1̂)1̂. */
  meanVector: X;
  /** Step (i): x⊥ = x − μ·1. */
  orthogonal: X;
  /** Step (ii): x⊥/‖x⊥‖. */
  unit: X;
  /** Step (iii): √d·x⊥/‖x⊥‖, which is LayerNorm with eps 0. */
  standardized: X;
}

/**
 * LayerNorm's three steps, each kept: the component along the uniform vector is removed, what is left is normalised and
 * scaled by √d.
 *
 * A row that is uniform already has nothing left: orthogonal, unit and standardized are 0.
 *
 * @param x rows × cols elements
 * @returns four Tensors for a Tensor, four arrays like x for an array
 * @throws {TypeError | RangeError} naming the argument, what was expected and what came
 * @see arXiv 2409.12951 v2 eq. 8–9, Algorithm 1
 *
 * @example
 * ```ts
 * const { meanVector, standardized } = decompose(new Float32Array([1, 3]));
 * meanVector; // [2, 2]
 * standardized; // [-1, 1]
 * ```
 */
export function decompose<X extends Operand>(x: X, options: CommonOptions = none): Decomposition<X> {
  checkOptions(decomposing.name, options);
  const f = begin(decomposing, x, options, undefined);
  const mean = f.output("meanVector", undefined);
  const orthogonal = f.output("orthogonal", undefined);
  const unit = f.output("unit", undefined);
  const standardized = f.output("standardized", undefined);
  const kernel = f.kernel(decomposing);
  f.stage();
  try {
    kernel(f.at(mean), f.at(orthogonal), f.at(unit), f.at(standardized), f.at(f.x), f.rows, f.cols);
    return {
      meanVector: f.result(mean),
      orthogonal: f.result(orthogonal),
      unit: f.result(unit),
      standardized: f.result(standardized),
    } as Decomposition<X>;
  } finally {
    f.end();
  }
}
