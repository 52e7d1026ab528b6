import { Center, MeanVector } from "../../kernels/center";
import { angle, geometry } from "../../kernels/geometry";
import { invertLayerNorm } from "../../kernels/invert";
import { moments } from "../../kernels/moments";
import { Across, Along, project } from "../../kernels/project";
import { rows as run } from "../../kernels/rows";
import { widen } from "../../kernels/widen";
import { BF16, F32 } from "../../lanes";
import { decompose } from "./abi";

export function moments_bf16(mean: usize, variance: usize, rms: usize, x: usize, rows: i32, cols: i32): void { moments<BF16>(mean, variance, rms, x, rows, cols); }
export function center_bf16(y: usize, x: usize, rows: i32, cols: i32): void { run<BF16, F32, Center<BF16>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function meanVector_bf16(y: usize, x: usize, rows: i32, cols: i32): void { run<BF16, F32, MeanVector<BF16>>(y, 0, 0, x, 0, 0, rows, cols, 0); }
export function decompose_bf16(meanVector: usize, orthogonal: usize, unit: usize, standardized: usize, x: usize, rows: i32, cols: i32): void { decompose<BF16, F32>(meanVector, orthogonal, unit, standardized, x, rows, cols); }
export function project_bf16(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<BF16, F32, Along<F32>>(y, coefficients, x, q, rows, cols, k); }
export function reject_bf16(y: usize, coefficients: usize, x: usize, q: usize, rows: i32, cols: i32, k: i32): void { project<BF16, F32, Across<F32>>(y, coefficients, x, q, rows, cols, k); }
export function geometry_bf16(norm: usize, uniform: usize, orthogonal: usize, cosine: usize, angle: usize, x: usize, rows: i32, cols: i32): void { geometry<BF16>(norm, uniform, orthogonal, cosine, angle, x, rows, cols); }
export function angle_bf16(angles: usize, x: usize, y: usize, nextY: usize, rows: i32, cols: i32): void { angle<BF16, F32>(angles, x, y, nextY, rows, cols); }
export function invertLayerNorm_bf16(x: usize, mean: usize, rstd: usize, z: usize, columns: usize, nextColumns: usize, rows: i32, cols: i32): void { invertLayerNorm<BF16>(x, mean, rstd, z, columns, nextColumns, rows, cols); }

export function widen_bf16(y: usize, x: usize, count: i32): void { widen<BF16>(y, x, count); }
