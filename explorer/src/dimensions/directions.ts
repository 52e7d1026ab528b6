/** Random directions through the engine: their angles to the uniform vector, and how far the two norms of each are apart. */
import { normal, uniforms } from "@orthonorm/bench/random";
import { geometry, layerNorm, rmsNorm } from "orthonorm";

/** So many are drawn for every d. */
export const total = 2048;

/** Elements that are drawn at a time: some two milliseconds of them. */
const atATime = 1 << 16;

/** Cells of the histogram, per standard deviation 1/√d of the angle, and how many standard deviations it reaches on either side. */
const cellsPerSd = 4;
const reach = 4.5;

/** Angles in degrees. */
export interface Drawn {
  d: number;
  /** How many directions so far, of how many. */
  rows: number;
  of: number;
  /** How many there are in each cell, the first of which begins at `low`. */
  counts: number[];
  low: number;
  wide: number;
  /** Mean |90° − θ|, and the root of the mean (90° − θ)². */
  tilt: number;
  sd: number;
  /** ‖RMSNorm(x) − LayerNorm(x)‖/√d in the mean, as the engine's two norms have it. */
  apart: number;
}

const degrees = 180 / Math.PI;

/** The same directions for the same d, always. Each step draws some more and gives what they and those before them are. */
export function* drawDirections(d: number, of = total): Generator<Drawn> {
  const uniform = uniforms(d);
  const sd = degrees / Math.sqrt(d);
  const wide = sd / cellsPerSd;
  // the range is symmetric about 90°, which lies between two cells
  const half = Math.ceil(Math.min(90, reach * sd) / wide);
  const low = 90 - half * wide;
  const counts = new Array<number>(2 * half).fill(0);
  const most = Math.min(of, Math.max(1, Math.floor(atATime / d)));
  const all = new Float32Array(most * d);
  const [ln, rms] = [new Float32Array(all.length), new Float32Array(all.length)];
  let [rows, tilts, squares, aparts] = [0, 0, 0, 0];
  while (rows < of) {
    const n = Math.min(most, of - rows);
    const x = all.subarray(0, n * d);
    for (let i = 0; i < x.length; i++) x[i] = normal(uniform);
    const { angle } = geometry(x, { cols: d });
    const y = layerNorm(x, { cols: d, eps: 0, out: ln.subarray(0, n * d) });
    const z = rmsNorm(x, { cols: d, eps: 0, out: rms.subarray(0, n * d) });
    for (let row = 0; row < n; row++) {
      const theta = angle[row] * degrees;
      const cell = Math.floor((theta - low) / wide);
      // beyond the last cell lies one direction in 150 000
      if (cell >= 0 && cell < counts.length) counts[cell]++;
      tilts += Math.abs(90 - theta);
      squares += (90 - theta) ** 2;
      aparts += distance(y, z, row * d, d);
    }
    rows += n;
    yield {
      d,
      rows,
      of,
      counts: [...counts],
      low,
      wide,
      tilt: tilts / rows,
      sd: Math.sqrt(squares / rows),
      apart: aparts / rows,
    };
  }
}

/** ‖a − b‖/√d of one row. */
function distance(a: Float32Array, b: Float32Array, from: number, d: number): number {
  let squares = 0;
  for (let i = from; i < from + d; i++) squares += (a[i] - b[i]) ** 2;
  return Math.sqrt(squares / d);
}
