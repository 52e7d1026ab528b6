// The norms' ABI, a line per element type in the files beside this one. Outputs first, then saved statistics, inputs,
// parameters, sizes, scalars; an absent pointer is 0.

import { LayerNorm } from "../../kernels/layernorm";
import { Norm } from "../../kernels/norm";
import { residual as added } from "../../kernels/residual";
import { RMSNorm, RMSNormAffine } from "../../kernels/rmsnorm";
import { rows as run } from "../../kernels/rows";
import { weightOffset as offset } from "../../kernels/scratch";
import { Lanes, the } from "../../lanes";

function norm<L extends Lanes, P extends Lanes, N extends Norm<L>>(
  y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  if (residual) added<L, P, N>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps);
  else run<L, P, N>(y, mean, rstd, x, weight, bias, rows, cols, eps);
}

export function layerNorm<L extends Lanes, P extends Lanes>(
  y: usize, sum: usize, mean: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, eps: f64,
): void {
  norm<L, P, LayerNorm<L>>(y, sum, mean, rstd, x, residual, weight, bias, rows, cols, eps);
}

export function rmsNorm<L extends Lanes, P extends Lanes>(
  y: usize, sum: usize, rstd: usize, x: usize, residual: usize, weight: usize, bias: usize, rows: i32, cols: i32, weightOffset: f64, eps: f64,
): void {
  if (bias || weightOffset != 0) {
    v128.store(offset, the<L>().splat(weight ? weightOffset : 0));
    norm<L, P, RMSNormAffine<L>>(y, sum, 0, rstd, x, residual, weight, bias, rows, cols, eps);
  } else norm<L, P, RMSNorm<L>>(y, sum, 0, rstd, x, residual, weight, bias, rows, cols, eps);
}
