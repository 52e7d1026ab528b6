/**
 * The engine beside the same work in plain JavaScript: LayerNorm of real rows, f32, both without weight and bias.
 *
 * The answers are compared before anything is timed. Then the two take turns, so that what else the machine does meets
 * both alike, and the median turn of each is taken.
 */
import { type Engine, layerNorm } from "orthonorm";
import { median } from "./statistics.js";

export interface Speed {
  rows: number;
  cols: number;
  /** Microseconds for one LayerNorm of all rows; absent where the answers differ. */
  microseconds: { engine: number; javascript: number } | null;
  /** The largest |Δ|/max(1, |y|) between the two answers. */
  difference: number;
}

const tolerance = 1e-5;
const totalMs = 300;
const turnMs = 2;

export function compareSpeed(engine: Engine, data: Float32Array, cols: number, eps: number): Speed {
  const rows = data.length / cols;
  const x = engine.tensor("f32", [rows, cols], data);
  const out = engine.tensor("f32", [rows, cols]);
  const plain = new Float32Array(data.length);
  try {
    const byEngine = () => {
      layerNorm(x, { eps, out });
    };
    const byJavaScript = () => plainLayerNorm(data, plain, rows, cols, eps);
    byEngine();
    byJavaScript();
    const difference = largestDifference(out.data as Float32Array, plain);
    // Written so that a NaN, which is on neither side of any limit, counts as different.
    if (!(difference <= tolerance)) return { rows, cols, microseconds: null, difference };

    const contestants = [byEngine, byJavaScript].map((run) => ({
      run,
      calls: callsPerTurn(run),
      turns: [] as number[],
    }));
    const end = performance.now() + (totalMs * 4) / 5;
    while (performance.now() < end) {
      for (const { run, calls, turns } of contestants) turns.push(timed(run, calls) / calls);
    }
    const [engineMs, javascriptMs] = contestants.map(({ turns }) => median(turns));
    return { rows, cols, microseconds: { engine: engineMs * 1e3, javascript: javascriptMs * 1e3 }, difference };
  } finally {
    x.dispose();
    out.dispose();
  }
}

/** Warms a contestant up for a tenth of the time, and finds how many calls fill a turn. */
function callsPerTurn(run: () => void): number {
  let calls = 1;
  const end = performance.now() + totalMs / 10;
  for (;;) {
    const ms = timed(run, calls);
    if (performance.now() >= end) return Math.max(1, Math.round((calls * turnMs) / ms));
    if (ms < turnMs) calls *= 2;
  }
}

function timed(run: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return performance.now() - start;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) largest = Math.max(largest, Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i])));
  }
  return largest;
}

/**
 * LayerNorm as a careful JavaScript programmer writes it: the mean, then the squares around it, four sums at a time so
 * that the additions do not wait for each other (a fifth to a half faster than one sum), then one multiplication an element.
 */
export function plainLayerNorm(x: Float32Array, y: Float32Array, rows: number, cols: number, eps: number): void {
  for (let start = 0; start < rows * cols; start += cols) {
    const end = start + cols;
    const end4 = end - 3;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let i = start;
    for (; i < end4; i += 4) {
      s0 += x[i];
      s1 += x[i + 1];
      s2 += x[i + 2];
      s3 += x[i + 3];
    }
    for (; i < end; i++) s0 += x[i];
    const mean = (s0 + s1 + s2 + s3) / cols;

    s0 = s1 = s2 = s3 = 0;
    for (i = start; i < end4; i += 4) {
      const d0 = x[i] - mean;
      const d1 = x[i + 1] - mean;
      const d2 = x[i + 2] - mean;
      const d3 = x[i + 3] - mean;
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    for (; i < end; i++) s0 += (x[i] - mean) ** 2;
    const rstd = 1 / Math.sqrt((s0 + s1 + s2 + s3) / cols + eps);
    for (i = start; i < end; i++) y[i] = (x[i] - mean) * rstd;
  }
}
