/**
 * The oracle: every op of the engine in plain f64 TypeScript, written to be obviously right rather than fast.
 *
 * Inputs are arrays of numbers, typed or not; outputs are Float64Arrays. Sums keep their rounding errors (Neumaier; products in
 * twice the precision) and rows are scaled by exact powers of two, so that results are exact to a few units in the last
 * place of f64, from the subnormals to 1e308. The oracle itself is checked against exact arithmetic, in
 * test/engine/reference.test.ts.
 */
export type { NormOptions } from "./norm.js";
export * from "./ops.js";
export * from "./round.js";
export type { RowOptions } from "./rows.js";
export { dot, NeumaierSum, type Pair } from "./sum.js";
