/**
 * The oracle: every family of the engine in plain f64 TypeScript, written to be obviously right rather than fast.
 *
 * Inputs are anything array-like, outputs Float64Array. Sums keep their rounding errors (Neumaier, twice the precision
 * for products) and rows are scaled by exact powers of two, so that results are good to a few units of the last place of
 * f64, from the subnormals to 1e308.
 */
export * from "./center.js";
export * from "./geometry.js";
export * from "./invert.js";
export * from "./layernorm.js";
export { type Moments, moments } from "./moments.js";
export type { NormOptions } from "./norm.js";
export * from "./project.js";
export * from "./rmsnorm.js";
export * from "./round.js";
export type { RowOptions } from "./rows.js";
export { dot, NeumaierSum, type Pair } from "./sum.js";
