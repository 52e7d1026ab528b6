/**
 * The engine's two norms beside LayerNorm in plain JavaScript, on real rows: f32, without weight and bias.
 *
 * The answers are compared before anything is timed. Then the contestants take turns, so that what else the machine does
 * meets all alike, and the median turn of each is taken.
 */
import { type Engine, layerNorm, rmsNorm } from "orthonorm";
import type { Floats } from "./measure/sample.js";
import { median } from "./median.js";
import type { Speed } from "./types.js";

const tolerance = 1e-5;
const totalMs = 200;
const turnMs = 1;

/** How many elements are timed at most: enough for a steady figure, few enough for many turns in a fifth of a second. */
const timedElements = 1 << 19;

/** @param sample real rows, which are repeated until there are `rows` of them, or as many as are timed */
export function compareSpeed(engine: Engine, sample: Floats, rows: number, cols: number, eps: number): Speed {
  const count = Math.min(rows, Math.max(1, Math.floor(timedElements / cols)));
  const data = new Float32Array(count * cols);
  for (let at = 0; at < data.length; at += sample.length) data.set(sample.subarray(0, data.length - at), at);
  const x = engine.tensor("f32", [count, cols], data);
  const out = engine.tensor("f32", [count, cols]);
  const plain = new Float32Array(data.length);
  try {
    const byEngine = () => {
      layerNorm(x, { eps, out });
    };
    const byRmsNorm = () => {
      rmsNorm(x, { eps, out });
    };
    const byJavaScript = () => plainLayerNorm(data, plain, count, cols, eps);
    byEngine();
    byJavaScript();
    const difference = largestDifference(out.data as Float32Array, plain);
    // Written so that a NaN, which is on neither side of any limit, counts as different.
    if (!(difference <= tolerance)) {
      return {
        rows: count,
        cols,
        microseconds: null,
        difference: Number.isFinite(difference) ? difference : Number.MAX_VALUE,
      };
    }

    const contestants = [byEngine, byRmsNorm, byJavaScript].map((run) => ({
      run,
      calls: callsPerTurn(run),
      turns: [] as number[],
    }));
    const end = performance.now() + (totalMs * 4) / 5;
    while (performance.now() < end) {
      for (const { run, calls, turns } of contestants) turns.push(timed(run, calls) / calls);
    }
    const [layer, rms, javascript] = contestants.map(({ turns }) => median(turns) * 1e3);
    return { rows: count, cols, microseconds: { layerNorm: layer, rmsNorm: rms, javascript }, difference };
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
 * that the additions do not wait for each other (a fifth to a half faster than one sum), then one multiplication per element.
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
