/** What one writes: the formula, row by row, with one sum at a time. */
import type { Floats } from "../ops.js";
import type { Loops } from "./javascript.js";

export const plain: Loops = {
  layerNorm: ({ x, y, weight, bias }, { rows, cols, eps }) => {
    return () => layerNorm(y, x, weight, bias, rows, cols, eps);
  },
  rmsNorm: ({ x, y, weight }, { rows, cols, eps }) => {
    return () => rmsNorm(y, x, weight, rows, cols, eps);
  },
  invertLayerNorm: ({ x, y, weight, bias, mean, rstd }, { rows, cols }) => {
    return () => invertLayerNorm(y, x, weight, bias, mean, rstd, rows, cols);
  },
  moments: ({ x, mean, variance, rms }, { rows, cols }) => {
    return () => moments(mean, variance, rms, x, rows, cols);
  },
  geometry: ({ x, norm, uniform, orthogonal, cosine, angle }, { rows, cols }) => {
    return () => geometry(norm, uniform, orthogonal, cosine, angle, x, rows, cols);
  },
  center: ({ x, y }, { rows, cols }) => {
    return () => center(y, x, rows, cols);
  },
  meanVector: ({ x, y }, { rows, cols }) => {
    return () => meanVector(y, x, rows, cols);
  },
  project: ({ x, y, direction }, { rows, cols }) => {
    return () => project(y, x, direction, rows, cols);
  },
};

function layerNorm(y: Floats, x: Floats, weight: Floats, bias: Floats, rows: number, cols: number, eps: number): void {
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

function rmsNorm(y: Floats, x: Floats, weight: Floats, rows: number, cols: number, eps: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let squares = 0;
    for (let i = 0; i < cols; i++) squares += x[start + i] * x[start + i];
    const rstd = 1 / Math.sqrt(squares / cols + eps);
    for (let i = 0; i < cols; i++) y[start + i] = x[start + i] * rstd * weight[i];
  }
}

function invertLayerNorm(
  y: Floats,
  x: Floats,
  weight: Floats,
  bias: Floats,
  mean: Floats,
  rstd: Floats,
  rows: number,
  cols: number,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    for (let i = 0; i < cols; i++) y[start + i] = (x[start + i] - bias[i]) / weight[i] / rstd[row] + mean[row];
  }
}

function moments(mean: Floats, variance: Floats, rms: Floats, x: Floats, rows: number, cols: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let sum = 0;
    for (let i = 0; i < cols; i++) sum += x[start + i];
    const m = sum / cols;
    let squares = 0;
    for (let i = 0; i < cols; i++) {
      const d = x[start + i] - m;
      squares += d * d;
    }
    mean[row] = m;
    variance[row] = squares / cols;
    rms[row] = Math.sqrt(squares / cols + m * m);
  }
}

function geometry(
  norm: Floats,
  uniform: Floats,
  orthogonal: Floats,
  cosine: Floats,
  angle: Floats,
  x: Floats,
  rows: number,
  cols: number,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let sum = 0;
    for (let i = 0; i < cols; i++) sum += x[start + i];
    const mean = sum / cols;
    let squares = 0;
    for (let i = 0; i < cols; i++) {
      const d = x[start + i] - mean;
      squares += d * d;
    }
    const along = sum / Math.sqrt(cols);
    const across = Math.sqrt(squares);
    const length = Math.sqrt(along * along + squares);
    norm[row] = length;
    uniform[row] = along;
    orthogonal[row] = across;
    cosine[row] = along / length;
    angle[row] = Math.atan2(across, along);
  }
}

function center(y: Floats, x: Floats, rows: number, cols: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let mean = 0;
    for (let i = 0; i < cols; i++) mean += x[start + i];
    mean /= cols;
    for (let i = 0; i < cols; i++) y[start + i] = x[start + i] - mean;
  }
}

function meanVector(y: Floats, x: Floats, rows: number, cols: number): void {
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let mean = 0;
    for (let i = 0; i < cols; i++) mean += x[start + i];
    mean /= cols;
    for (let i = 0; i < cols; i++) y[start + i] = mean;
  }
}

function project(y: Floats, x: Floats, direction: Floats, rows: number, cols: number): void {
  let length = 0;
  for (let i = 0; i < cols; i++) length += direction[i] * direction[i];
  for (let row = 0; row < rows; row++) {
    const start = row * cols;
    let product = 0;
    for (let i = 0; i < cols; i++) product += x[start + i] * direction[i];
    const coefficient = product / length;
    for (let i = 0; i < cols; i++) y[start + i] = coefficient * direction[i];
  }
}
