// The projections' ABI. Outputs first, then inputs, parameters, sizes, scalars.

import { Center, Decompose, MeanVector } from "../kernels/center";
import { angle, geometry } from "../kernels/geometry";
import { moments } from "../kernels/moments";
import { Across, Along, deviation, orthonormalize, prepare, project } from "../kernels/project";
import { rows as run } from "../kernels/rows";
import { distances, rootInverse } from "../kernels/scratch";
import { widen } from "../kernels/widen";
import { BF16, F16, F32, F64, Lanes, the } from "../lanes";

function decompose<L extends Lanes, P extends Lanes>(
  meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32,
): void {
  store<usize>(distances, meanVector - orthogonal);
  store<usize>(distances + 4, unit - orthogonal);
  store<usize>(distances + 8, standardized - orthogonal);
  v128.store(rootInverse, the<L>().splat(1 / sqrt(<f64>cols)));
  run<L, P, Decompose<L>>(orthogonal, 0, 0, x, 0, 0, rows, cols, 0);
}

export function moments_f32(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<F32>(mean, variance, rms, x, rows, cols); }
export function center_f32(y: usize, x: usize, rows: i32, cols: i32): void { run<F32, F32, Center<F32>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_f32(y: usize, x: usize, rows: i32, cols: i32): void { run<F32, F32, MeanVector<F32>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_f32(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<F32, F32>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_f32(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F32, F32, Along<F32>>(y, coefficients, x, q, rows, cols, k); }
export function reject_f32(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F32, F32, Across<F32>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_f32(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<F32>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_f32(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<F32, F32>(angles, x, y, nextY, rows, cols); }

export function moments_f64(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<F64>(mean, variance, rms, x, rows, cols); }
export function center_f64(y: usize, x: usize, rows: i32, cols: i32): void { run<F64, F64, Center<F64>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_f64(y: usize, x: usize, rows: i32, cols: i32): void { run<F64, F64, MeanVector<F64>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_f64(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<F64, F64>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_f64(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F64, F64, Along<F64>>(y, coefficients, x, q, rows, cols, k); }
export function reject_f64(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F64, F64, Across<F64>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_f64(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<F64>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_f64(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<F64, F64>(angles, x, y, nextY, rows, cols); }

export function moments_f16(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<F16>(mean, variance, rms, x, rows, cols); }
export function center_f16(y: usize, x: usize, rows: i32, cols: i32): void { run<F16, F32, Center<F16>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_f16(y: usize, x: usize, rows: i32, cols: i32): void { run<F16, F32, MeanVector<F16>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_f16(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<F16, F32>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_f16(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F16, F32, Along<F32>>(y, coefficients, x, q, rows, cols, k); }
export function reject_f16(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<F16, F32, Across<F32>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_f16(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<F16>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_f16(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<F16, F32>(angles, x, y, nextY, rows, cols); }

export function moments_bf16(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<BF16>(mean, variance, rms, x, rows, cols); }
export function center_bf16(y: usize, x: usize, rows: i32, cols: i32): void { run<BF16, F32, Center<BF16>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_bf16(y: usize, x: usize, rows: i32, cols: i32): void { run<BF16, F32, MeanVector<BF16>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_bf16(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<BF16, F32>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_bf16(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<BF16, F32, Along<F32>>(y, coefficients, x, q, rows, cols, k); }
export function reject_bf16(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<BF16, F32, Across<F32>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_bf16(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<BF16>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_bf16(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<BF16, F32>(angles, x, y, nextY, rows, cols); }

// Directions are f32 or f64; orthonormalize computes in f64 for every element type.
export function prepare_f32(q: usize, cols: i32): i32 { return prepare<F32>(q, cols); }
export function prepare_f64(q: usize, cols: i32): i32 { return prepare<F64>(q, cols); }
export function deviation_f32(q: usize, k: i32, cols: i32): f64 { return deviation<F32>(q, k, cols); }
export function deviation_f64(q: usize, k: i32, cols: i32): f64 { return deviation<F64>(q, k, cols); }
export function orthonormalize_f64(q: usize, k: i32, cols: i32, tolerance: f64): i32 { return orthonormalize(q, k, cols, tolerance); }

export function widen_f16(y: usize, x: usize, count: i32): void { widen<F16>(y, x, count); }
export function widen_bf16(y: usize, x: usize, count: i32): void { widen<BF16>(y, x, count); }
export { constants } from "../lanes/f16";
