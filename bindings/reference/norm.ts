import { checkNonNegative } from "../check.js";
import { checkNames } from "../names.js";
import { checkArrays } from "./check.js";
import { countRows, defaultCols, expectLength } from "./rows.js";

/** The options that both norms have. */
export interface NormOptions {
  /** The row length; by default that of `weight`, else the whole array is one row. */
  cols?: number;
  /** Scale per column, by default 1. */
  weight?: ArrayLike<number>;
  /** Shift per column, by default 0. */
  bias?: ArrayLike<number>;
  /** Added to the variance or the mean square; by default 1e-5. */
  eps?: number;
  /** Added to `x` first: the sum is what is normalised. */
  residual?: ArrayLike<number>;
}

/** The options of a norm, checked and with all defaults filled in. */
export interface NormProblem {
  rows: number;
  cols: number;
  eps: number;
  /** x + residual, or a copy of x. */
  sum: Float64Array;
  weight: (col: number) => number;
  bias: (col: number) => number;
}

/** Checks the options of a norm and fills in the defaults. */
export function normProblem(
  op: string,
  x: ArrayLike<number>,
  options: NormOptions,
  more: readonly string[] = [],
): NormProblem {
  checkNames(op, ["cols", "weight", "bias", "eps", "residual", ...more], options);
  const { weight, bias, residual, eps = 1e-5 } = options;
  checkArrays(op, { x }, { weight, bias, residual });
  checkNonNegative(op, "eps", eps);
  const cols = defaultCols(x, options);
  const rows = countRows(op, x.length, cols);
  expectLength(op, "weight", weight, cols);
  expectLength(op, "bias", bias, cols);
  expectLength(op, "residual", residual, x.length);
  return {
    rows,
    cols,
    eps,
    sum: Float64Array.from(x, (value, i) => (residual ? value + residual[i] : value)),
    weight: (col) => (weight ? weight[col] : 1),
    bias: (col) => (bias ? bias[col] : 0),
  };
}
