/** The spread of one quantity over rows, as sums that add up: exact mean, sd, minimum and maximum, quartiles on a grid. */
import type { Spread } from "../figures.js";
import { type Grid, Histogram } from "./histogram.js";
import { ExactSum } from "./sum.js";

let squared = new Float64Array(512);

export class Tally {
  private sum = ExactSum.of();
  private squares = ExactSum.of();
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private readonly histogram: Histogram;

  constructor(grid: Grid) {
    this.histogram = new Histogram(grid);
  }

  /** Adds the first `count` values, none of which is below zero. */
  addMany(values: Float64Array, count: number): void {
    if (count === 0) return;
    if (squared.length < count) squared = new Float64Array(count);
    const squares = squared;
    let min = Number.POSITIVE_INFINITY;
    let max = 0;
    let smallest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (value > max) max = value;
      if (value < min) min = value;
      if (value < smallest && value > 0) smallest = value;
      squares[i] = value * value;
    }
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
    this.sum.addMany(values, count, { largest: max, smallest });
    // Rounding keeps their order; but of the smallest a square may be 0.
    this.squares.addMany(
      squares,
      count,
      smallest < 1e-150 ? undefined : { largest: max * max, smallest: smallest * smallest },
    );
    this.histogram.addMany(values, count, min, max);
  }

  addAll(other: Tally): void {
    this.sum.addAll(other.sum);
    this.squares.addAll(other.squares);
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.histogram.addAll(other.histogram);
  }

  /** Takes `times` occurrences of a value back, of which at least one more is left: the range stays. */
  remove(value: number, times: number): void {
    this.sum.addTimes(value, -times);
    this.squares.addTimes(value * value, -times);
    this.histogram.add(value, -times);
  }

  /** @param withHistogram of angles only */
  spread(withHistogram = false): Spread {
    const rows = this.histogram.total;
    const mean = this.sum.value / rows;
    const square = this.squares.value / rows;
    const variance = square - mean * mean;
    // Below what rounding leaves of the difference the values are all the same.
    const sd = variance > 8 * Number.EPSILON * square ? Math.sqrt(variance) : 0;
    // The grid knows a quantile to half a cell, the range is exact: inside it, always.
    const within = (value: number) => Math.min(this.max, Math.max(this.min, value));
    const quantile = (share: number) => within(this.histogram.quantile(share));
    return {
      mean: within(mean),
      sd,
      min: this.min,
      q1: quantile(0.25),
      median: quantile(0.5),
      q3: quantile(0.75),
      max: this.max,
      histogram: withHistogram ? this.histogram.drawn(this.min, this.max) : null,
    };
  }

  get rows(): number {
    return this.histogram.total;
  }

  toJSON() {
    const { sum, squares, histogram } = this;
    const range = histogram.total === 0 ? [] : [this.min, this.max];
    return { sum, squares, range, histogram };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(grid: Grid, saved: unknown): Tally {
    const { sum, squares, range, histogram } = (saved ?? {}) as Record<string, unknown>;
    const tally = new Tally(grid);
    tally.histogram.addAll(Histogram.from(grid, histogram));
    tally.sum = ExactSum.from(sum);
    tally.squares = ExactSum.from(squares);
    if (tally.rows > 0) {
      if (!Array.isArray(range) || range.length !== 2 || !range.every(Number.isFinite)) throw new Error("a range");
      [tally.min, tally.max] = range;
    }
    return tally;
  }
}
