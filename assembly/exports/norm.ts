// The norms' ABI. Outputs first, then saved statistics, inputs, parameters, sizes, scalars; an absent pointer is 0.

import { LayerNorm } from "../kernels/layernorm";
import { Norm } from "../kernels/norm";
import { residual as added } from "../kernels/residual";
import { RMSNorm, RMSNormAffine } from "../kernels/rmsnorm";
import { rows as run } from "../kernels/rows";
import { weightOffset as offset } from "../kernels/scratch";
import { widen } from "../kernels/widen";
import { BF16, F16, F32, F64, Lanes, the } from "../lanes";

function norm<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  if (residual) added<L, P, N>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps);
  else run<L, P, N>(y, mean, rstd, x, weight, bias, rows, cols, eps);
}

function layerNorm<L extends Lanes, P extends Lanes>(
  y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  norm<L, P, LayerNorm<L>>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps);
}

function rmsNorm<L extends Lanes, P extends Lanes>(
  y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64,
): void {
  if (bias || weightOffset != 0) {
    v128.store(offset, the<L>().splat(weight ? weightOffset : 0));
    norm<L, P, RMSNormAffine<L>>(y, sum, 0, rstd, x, residual, weight, bias, rows, cols, eps);
  } else norm<L, P, RMSNorm<L>>(y, sum, 0, rstd, x, residual, weight, bias, rows, cols, eps);
}

export function layerNorm_f32(y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64): void { layerNorm<F32, F32>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps); }
export function rmsNorm_f32(y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64): void { rmsNorm<F32, F32>(y, sum, rstd, x, residual, weight, bias, rows, cols, weightOffset, eps); }
export function layerNorm_f64(y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64): void { layerNorm<F64, F64>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps); }
export function rmsNorm_f64(y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64): void { rmsNorm<F64, F64>(y, sum, rstd, x, residual, weight, bias, rows, cols, weightOffset, eps); }
export function layerNorm_f16(y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64): void { layerNorm<F16, F32>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps); }
export function rmsNorm_f16(y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64): void { rmsNorm<F16, F32>(y, sum, rstd, x, residual, weight, bias, rows, cols, weightOffset, eps); }
export function layerNorm_bf16(y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64): void { layerNorm<BF16, F32>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps); }
export function rmsNorm_bf16(y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64): void { rmsNorm<BF16, F32>(y, sum, rstd, x, residual, weight, bias, rows, cols, weightOffset, eps); }

export function widen_f16(y: usize, x: usize, count: i32): void { widen<F16>(y, x, count); }
export function widen_bf16(y: usize, x: usize, count: i32): void { widen<BF16>(y, x, count); }
export { constants } from "../lanes/f16";
