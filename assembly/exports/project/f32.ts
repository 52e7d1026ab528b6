import { Center, MeanVector } from "../../kernels/center";
import { angle, geometry } from "../../kernels/geometry";
import { columns, invertLayerNorm } from "../../kernels/invert";
import { moments } from "../../kernels/moments";
import { Across, Along, deviation, prepare, project } from "../../kernels/project";
import { rows as run } from "../../kernels/rows";
import { F32 } from "../../lanes";
import { decompose } from "./abi";

export function moments_f32(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<F32>(mean, variance, rms, x, rows, cols); }
export function center_f32(y: usize, x: usize, rows: i32, cols: i32): void { run<F32, F32, Center<F32>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_f32(y: usize, x: usize, rows: i32, cols: i32): void { run<F32, F32, MeanVector<F32>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_f32(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<F32, F32>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_f32(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F32, F32, Along<F32>>(y, coefficients, x, q, rows, cols, k); }
export function reject_f32(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F32, F32, Across<F32>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_f32(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<F32>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_f32(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<F32, F32>(angles, x, y, nextY, rows, cols); }
export function invertLayerNorm_f32(x: usize, mean: usize, rstd: usize, z: usize, columns: usize, nextColumns: usize, rows: i32, cols: i32): void { invertLayerNorm<F32>(x, mean, rstd, z, columns, nextColumns, rows, cols); }

// Weights are f32 or f64.
export function columns_f32(to: usize, weight: usize, bias: usize, cols: i32): i32 { return columns<F32>(to, weight, bias, cols); }

// Directions are f32 or f64.
export function prepare_f32(q: usize, cols: i32): i32 { return prepare<F32>(q, cols); }
export function deviation_f32(q: usize, k: i32, cols: i32): f64 { return deviation<F32>(q, k, cols); }
