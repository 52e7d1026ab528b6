import { Center, MeanVector } from "../../kernels/center";
import { angle, geometry } from "../../kernels/geometry";
import { columns, invertLayerNorm } from "../../kernels/invert";
import { moments } from "../../kernels/moments";
import { Across, Along, deviation, orthonormalize, prepare, project } from "../../kernels/project";
import { rows as run } from "../../kernels/rows";
import { F64 } from "../../lanes";
import { decompose } from "./abi";

export function moments_f64(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<F64>(mean, variance, rms, x, rows, cols); }
export function center_f64(y: usize, x: usize, rows: i32, cols: i32): void { run<F64, F64, Center<F64>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_f64(y: usize, x: usize, rows: i32, cols: i32): void { run<F64, F64, MeanVector<F64>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_f64(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<F64, F64>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_f64(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F64, F64, Along<F64>>(y, coefficients, x, q, rows, cols, k); }
export function reject_f64(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F64, F64, Across<F64>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_f64(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<F64>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_f64(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<F64, F64>(angles, x, y, nextY, rows, cols); }
export function invertLayerNorm_f64(x: usize, mean: usize, rstd: usize, z: usize, columns: usize, nextColumns: usize, rows: i32, cols: i32): void { invertLayerNorm<F64>(x, mean, rstd, z, columns, nextColumns, rows, cols); }

// Weights are f32 or f64.
export function columns_f64(to: usize, weight: usize, bias: usize, cols: i32): i32 { return columns<F64>(to, weight, bias, cols); }

// Directions are f32 or f64; orthonormalize computes in f64 for every element type.
export function prepare_f64(q: usize, cols: i32): i32 { return prepare<F64>(q, cols); }
export function deviation_f64(q: usize, k: i32, cols: i32): f64 { return deviation<F64>(q, k, cols); }
export function orthonormalize_f64(q: usize, k: i32, cols: i32, tolerance: f64): i32 { return orthonormalize(q, k, cols, tolerance); }
