import { widen } from "../../kernels/widen";
import { BF16, F32 } from "../../lanes";
import { layerNorm, rmsNorm } from "./abi";

export function layerNorm_bf16(y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64): void { layerNorm<BF16, F32>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps); }
export function rmsNorm_bf16(y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64): void { rmsNorm<BF16, F32>(y, sum, rstd, x, residual, weight, bias, rows, cols, weightOffset, eps); }
export function widen_bf16(y: usize, x: usize, count: i32): void { widen<BF16>(y, x, count); }
