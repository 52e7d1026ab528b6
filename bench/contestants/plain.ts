/** What one writes: the formula, row by row, with one sum at a time. */
import type { Wide } from "../problem.js";

export function plainLayerNorm(
  y: Wide,
  x: Wide,
  weight: Wide,
  bias: Wide,
  rows: number,
  cols: number,
  eps: number,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let mean = 0;
    for (let i = 0; i < cols; i++) mean += x[start + i];
    mean /= cols;
    let variance = 0;
    for (let i = 0; i < cols; i++) {
      const d = x[start + i] - mean;
      variance += d * d;
    }
    const rstd = 1 / Math.sqrt(variance / cols + eps);
    for (let i = 0; i < cols; i++) y[start + i] = (x[start + i] - mean) * rstd * weight[i] + bias[i];
  }
}

export function plainRMSNorm(y: Wide, x: Wide, weight: Wide, rows: number, cols: number, eps: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let squares = 0;
    for (let i = 0; i < cols; i++) squares += x[start + i] * x[start + i];
    const rstd = 1 / Math.sqrt(squares / cols + eps);
    for (let i = 0; i < cols; i++) y[start + i] = x[start + i] * rstd * weight[i];
  }
}
