/**
 * Measurements that need the rows themselves: both norms are run and compared, fits are made, and the uniform vector is ranked.
 * They are made on a random sample of the distinct rows, so that a site of any size costs the same, and kept as sums that
 * merge: every part of a study has a sample of its own.
 */
import {
  angle,
  center,
  type Engine,
  geometry,
  invertLayerNorm,
  layerNorm,
  linear,
  rmsNorm,
  type Tensor,
} from "orthonorm";
import * as reference from "orthonorm/reference";
import { ExactSum } from "../summary/exact-sum.js";
import { MeanMax } from "../summary/mean-max.js";
import { asNumber, asObject } from "../summary/saved.js";
import type { Sample } from "../types.js";
import { CommonSums } from "./common.js";
import { comparedDirections, directionCount } from "./directions.js";
import { PairSums } from "./likeness.js";
import { unitRows } from "./unit-rows.js";

export type Floats = Float32Array | Float64Array;

/** How many rows of a site are kept: as many as fit in 2²⁰ elements, but at least 16 and at most 1024. */
export function sampleRows(cols: number): number {
  return Math.min(1024, Math.max(16, Math.floor(2 ** 20 / cols)));
}

/** How many elements are checked. The oracle takes half a microsecond per element, a thousand times as long as the engine. */
const checkedElements = 1 << 16;

/** How many rows a fit needs: with two parameters per dimension, fewer are fitted too well to say anything. */
const fewestFitted = 16;

/** Sums of squares about means: of the states, of what each norm forgets, and of what the best fit leaves. */
const variances = ["total", "uniform", "orthogonal", "norm", "layerNorm", "rmsNorm", "batchNorm"] as const;
type Variances = Record<(typeof variances)[number], number>;

export class SampleSums {
  /** Distinct rows, and how many rows of the site they are: means count each as often as it occurs. */
  private distinct = 0;
  private rows = 0;
  private readonly swap = MeanMax.of();
  private readonly predicted = MeanMax.of();
  private identityError = 0;
  private engineError = 0;
  private checked = 0;
  private inverseError = 0;
  /** Σ|cos| to the uniform vector, then to each direction. */
  private readonly absCos = Array.from({ length: 1 + directionCount }, () => ExactSum.of());
  private readonly pairs = PairSums.of();
  private readonly common = CommonSums.of();
  private squares: Variances | null = null;

  constructor(private readonly cols: number) {}

  addAll(other: SampleSums): void {
    this.distinct += other.distinct;
    this.rows += other.rows;
    this.swap.addAll(other.swap);
    this.predicted.addAll(other.predicted);
    this.identityError = Math.max(this.identityError, other.identityError);
    this.engineError = Math.max(this.engineError, other.engineError);
    this.checked += other.checked;
    this.inverseError = Math.max(this.inverseError, other.inverseError);
    for (const [i, sum] of other.absCos.entries()) this.absCos[i].addAll(sum);
    this.pairs.addAll(other.pairs);
    this.common.addAll(other.common);
    if (this.squares === null) this.squares = other.squares;
    else if (other.squares !== null) {
      const a = this.squares;
      const b = other.squares;
      this.squares = Object.fromEntries(variances.map((name) => [name, a[name] + b[name]])) as Variances;
    }
  }

  figures(): Sample {
    const { rows, squares } = this;
    const [uniform, ...directions] = this.absCos.map((sum) => sum.value / rows);
    const sorted = directions.sort((a, b) => a - b);
    const share = (part: number) => (squares === null || squares.total === 0 ? 0 : part / squares.total);
    const left = (part: number) => Math.min(1, Math.max(0, 1 - share(part)));
    return {
      rows: this.distinct,
      swap: { ...this.swap.over(rows), predicted: this.predicted.over(rows) },
      identityError: this.identityError,
      engineError: { max: this.engineError, rows: this.checked },
      uniformRank: {
        lower: sorted.filter((one) => one < uniform).length,
        directions: sorted.length,
        meanAbsCos: uniform,
        directionsMeanAbsCos: {
          min: sorted[0],
          median: sorted[sorted.length >> 1],
          max: sorted[sorted.length - 1],
        },
        each: sorted,
      },
      common: this.common.figures(),
      pairs: this.pairs.figures(this.cols),
      lost: squares && {
        uniform: share(squares.uniform),
        norm: share(squares.orthogonal),
        rmsNorm: share(squares.norm),
      },
      recovered: squares && {
        layerNorm: left(squares.layerNorm),
        rmsNorm: left(squares.rmsNorm),
        batchNorm: left(squares.batchNorm),
      },
      inverseError: this.inverseError,
    };
  }

  toJSON() {
    const { cols: _, ...sums } = this;
    return sums;
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(cols: number, saved: unknown): SampleSums {
    const { swap, predicted, absCos, pairs, common, squares, ...numbers } = asObject(saved, "a sample");
    const sums = new SampleSums(cols);
    for (const key of ["distinct", "rows", "identityError", "engineError", "checked", "inverseError"] as const) {
      sums[key] = asNumber(numbers[key], key);
    }
    sums.swap.addAll(MeanMax.from(swap));
    sums.predicted.addAll(MeanMax.from(predicted));
    if (!Array.isArray(absCos) || absCos.length !== sums.absCos.length) {
      throw new Error(`absCos of ${sums.absCos.length} sums`);
    }
    for (const [i, sum] of absCos.entries()) sums.absCos[i].addAll(ExactSum.from(sum));
    sums.pairs.addAll(PairSums.from(pairs));
    sums.common.addAll(CommonSums.from(common));
    if (squares !== null) {
      const parts = asObject(squares, "sums of squares");
      sums.squares = Object.fromEntries(variances.map((name) => [name, asNumber(parts[name], name)])) as Variances;
    }
    return sums;
  }

  /**
   * @param rows n × cols finite elements, n at least 1, no row of zeros
   * @param counts how often each of the n rows occurs
   */
  static measure(engine: Engine, rows: Floats, counts: readonly number[], cols: number, eps: number): SampleSums {
    const sums = new SampleSums(cols);
    const n = rows.length / cols;
    const units = engine.tensor("f64", [n, cols], unitRows(rows, n, cols));
    try {
      sums.pairs.addAll(PairSums.measure(units, counts));
      sums.common.addAll(CommonSums.measure(units, counts));
      sums.rank(units, counts);
    } finally {
      units.dispose();
    }
    const dtype = rows instanceof Float64Array ? "f64" : "f32";
    const make = (data?: Floats) => engine.tensor(dtype, [n, cols], data);
    const tensors = [make(rows), make(), make()];
    try {
      sums.take(engine, tensors, counts, eps);
    } finally {
      for (const tensor of tensors) tensor.dispose();
    }
    return sums;
  }

  /** @param units the rows at length 1 */
  private rank(units: Tensor<"f64">, counts: readonly number[]): void {
    const { rows, cols } = units;
    const column = new Float64Array(rows);
    let direction = 0;
    for (const group of comparedDirections(cols)) {
      const many = group.length / cols;
      const cosines = linear(units, group, { out: new Float64Array(rows * many) });
      for (let at = 0; at < many; at++) {
        for (let row = 0; row < rows; row++) column[row] = Math.abs(cosines[row * many + at]);
        const sum = this.absCos[direction++];
        sum.addMany(column, rows);
        for (let row = 0; row < rows; row++) if (counts[row] > 1) sum.addTimes(column[row], counts[row] - 1);
      }
    }
  }

  private take(engine: Engine, [x, layer, rms]: Tensor[], counts: readonly number[], eps: number): void {
    const { rows: n, cols } = x;
    const { norm: lengths, uniform, orthogonal } = geometry(x);
    const Kind = x.dtype === "f64" ? Float64Array : Float32Array;
    const mean = new Kind(n);
    const rstd = new Kind(n);
    this.distinct = n;
    this.rows = counts.reduce((sum, count) => sum + count, 0);

    // Without eps the identity holds to the last digits.
    layerNorm(x, { eps: 0, out: layer });
    rmsNorm(x, { eps: 0, out: rms });
    this.identityError = identityError(layer.data as Floats, rms.data as Floats, cols, uniform, orthogonal, lengths);

    layerNorm(x, { eps, out: layer, mean, rstd });
    rmsNorm(x, { eps, out: rms });
    const states = x.data as Floats;
    const layered = layer.data as Floats;
    const scaled = rms.data as Floats;
    const distances = rmsDistances(layered, scaled, cols);
    for (let row = 0; row < n; row++) {
      this.swap.add(distances[row], counts[row]);
      this.predicted.add(2 * Math.sin(Math.abs(Math.atan2(uniform[row], orthogonal[row])) / 2), counts[row]);
    }

    this.checked = Math.min(n, Math.max(1, Math.floor(checkedElements / cols)));
    const first = (all: Floats) => all.subarray(0, this.checked * cols);
    this.engineError = Math.max(
      largestDifference(first(layered), reference.layerNorm(first(states), { cols, eps }).y),
      largestDifference(first(scaled), reference.rmsNorm(first(states), { cols, eps }).y),
    );

    if (n >= fewestFitted) {
      const spread = (values: ArrayLike<number>) => squaresAbout(Array.from(values));
      const squares = {
        ...fits(engine, x, layer, rms, eps),
        uniform: spread(uniform),
        orthogonal: spread(orthogonal),
        norm: spread(lengths),
      };
      // Those of f64 may leave the range: then there is no fit, as of few rows.
      if (Object.values(squares).every(Number.isFinite)) this.squares = squares;
    }

    invertLayerNorm(layer, { mean, rstd, out: layer });
    this.inverseError = inverseError(x.data as Floats, layer.data as Floats, cols, lengths);
  }
}

/** √(Σ(a − b)²/d) per row. */
function rmsDistances(a: Floats, b: Floats, cols: number): Float64Array {
  return new Float64Array(a.length / cols).map((_, row) => {
    let squares = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) squares += (a[i] - b[i]) ** 2;
    return Math.sqrt(squares / cols);
  });
}

/** Largest |Δx| of an element, as a share of its row's RMS. */
function inverseError(x: Floats, back: Floats, cols: number, lengths: Floats): number {
  let most = 0;
  for (let row = 0; row < lengths.length; row++) {
    let largest = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      // Nothing comes back where a huge eps has made rstd 0 in f32.
      const restored = Number.isFinite(back[i]) ? back[i] : 0;
      largest = Math.max(largest, Math.abs(restored - x[i]));
    }
    most = Math.max(most, (largest * Math.sqrt(cols)) / lengths[row]);
  }
  return most;
}

/** Largest |RMSNorm(x) − (sin θ·LN(x) + cos θ·1)|/max(1, |RMSNorm(x)|). */
function identityError(
  layer: Floats,
  rms: Floats,
  cols: number,
  uniform: Floats,
  orthogonal: Floats,
  lengths: Floats,
): number {
  let most = 0;
  for (let row = 0; row < lengths.length; row++) {
    const sine = orthogonal[row] / lengths[row];
    const cosine = uniform[row] / lengths[row];
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      const error = Math.abs(rms[i] - (sine * layer[i] + cosine)) / Math.max(1, Math.abs(rms[i]));
      if (error > most) most = error;
    }
  }
  return most;
}

/** Largest |Δ|/max(1, |y|). */
function largestDifference(got: Floats, expected: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < got.length; i++) {
    most = Math.max(most, Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i])));
  }
  return most;
}

/** Σ(v − v̄)². */
function squaresAbout(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/** Σv² per row, in f64: of large f32 it is beyond f32, and so may its root be. */
function squaresOf(values: Floats, cols: number): Float64Array {
  return new Float64Array(values.length / cols).map((_, row) => {
    let sum = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) sum += values[i] * values[i];
    return sum;
  });
}

/**
 * The states' sum of squares about their mean vector, and what is left of it after the best α ⊙ y + β per dimension, for the
 * y of LayerNorm, of RMSNorm, and of BatchNorm: (x − E)/√(Var + eps) with the dimension's own E and Var.
 *
 * The engine works on the transposed states, whose rows are the dimensions: LayerNorm of those is BatchNorm. Where a dimension's
 * mean is taken away, the best αy leaves ‖x‖² sin²(angle(x, y)).
 */
function fits(engine: Engine, x: Tensor, layer: Tensor, rms: Tensor, eps: number) {
  const states = engine.tensor(x.dtype, [x.cols, x.rows]);
  const y = engine.tensor(x.dtype, [x.cols, x.rows]);
  try {
    transpose(x, states);
    layerNorm(states, { eps, out: y });
    center(states, { out: states });
    const squares = squaresOf(states.data as Floats, x.rows);
    const left = () => {
      const angles = angle(states, center(y, { out: y }));
      // A dimension whose y is the same in every row has no angle: there β alone fits, and leaves all.
      return squares.reduce(
        (sum, square, at) => sum + (Number.isNaN(angles[at]) ? square : square * Math.sin(angles[at]) ** 2),
        0,
      );
    };
    const leftBy = (normalized: Tensor) => {
      transpose(normalized, y);
      return left();
    };
    const total = squares.reduce((sum, square) => sum + square, 0);
    return { total, batchNorm: left(), layerNorm: leftBy(layer), rmsNorm: leftBy(rms) };
  } finally {
    states.dispose();
    y.dispose();
  }
}

/** Writes the columns of one matrix as the rows of another, by small squares of which both sides stay in cache. */
function transpose(from: Tensor, to: Tensor): void {
  const { rows, cols } = from;
  // Taken here and not by the caller, since views become empty when the engine's memory grows.
  const given = from.data as Floats;
  const into = to.data as Floats;
  const side = 16;
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(rows, top + side);
    for (let left = 0; left < cols; left += side) {
      const right = Math.min(cols, left + side);
      for (let at = left; at < right; at++) {
        for (let row = top; row < bottom; row++) into[at * rows + row] = given[row * cols + at];
      }
    }
  }
}
