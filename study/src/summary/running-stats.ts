/**
 * The spread of one quantity, as a summary that merges: mean, standard deviation, minimum and maximum are exact. Quartiles are
 * exact of few values, and of more known to within a cell of a grid.
 */
import { ExactSum } from "./exact-sum.js";
import { FewValues, fewValues } from "./few-values.js";
import { type Grid, Histogram } from "./histogram.js";

/** The spread of a quantity. Mean, sd, min and max are exact; quartiles and median are exact of few values, else known to the grid's resolution. */
export interface Spread {
  mean: number;
  /** Of the population (÷ n). */
  sd: number;
  min: number;
  q1: number;
  median: number;
  q3: number;
  max: number;
  /** The values in equal cells, for a figure; angles only. */
  histogram: { low: number; high: number; counts: number[] } | null;
  /** The values from the least to the greatest where there are so few that a figure shows each; angles only. */
  values: number[] | null;
}

/** Fewer values than these are shown one by one: a histogram or quartiles of them would look like more than they are. */
const shownOneByOne = 100;

let squared = new Float64Array(512);

export class RunningStats {
  private sum = ExactSum.of();
  private squares = ExactSum.of();
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  /** The values while there are few of them; null from then on, where the histogram has their counts. */
  private few: FewValues | null = new FewValues();
  private readonly histogram: Histogram;

  constructor(private readonly grid: Grid) {
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
    // Squaring keeps their order. But the square of the smallest may round to 0, which bounds nothing.
    this.squares.addMany(
      squares,
      count,
      smallest < 1e-150 ? undefined : { largest: max * max, smallest: smallest * smallest },
    );
    if (this.few !== null && this.few.count + count > fewValues) this.coarsen();
    if (this.few !== null) this.few.addMany(values, count);
    else this.histogram.addMany(values, count, min, max);
  }

  addAll(other: RunningStats): void {
    this.sum.addAll(other.sum);
    this.squares.addAll(other.squares);
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    if (this.count + other.count > fewValues || other.few === null) this.coarsen();
    if (other.few === null) this.histogram.addAll(other.histogram);
    else if (this.few !== null) this.few.addMany(other.few.all, other.few.count);
    else this.histogram.addMany(other.few.all, other.few.count, other.min, other.max);
  }

  /** Keeps counts on the grid instead of the values. */
  coarsen(): void {
    const { few } = this;
    this.few = null;
    if (few !== null) this.histogram.addMany(few.all, few.count, this.min, this.max);
  }

  /** Takes `times` occurrences of a value back, of which at least one more stays, and with it the range. */
  remove(value: number, times: number): void {
    this.sum.addTimes(value, -times);
    this.squares.addTimes(value * value, -times);
    if (this.few === null) this.histogram.add(value, -times);
    else this.few.remove(value, times);
  }

  /** @param withHistogram of angles only */
  spread(withHistogram = false): Spread {
    const { count } = this;
    const mean = this.sum.value / count;
    const square = this.squares.value / count;
    const variance = square - mean * mean;
    // A difference this small is what rounding leaves where all values are the same.
    const sd = variance > 8 * Number.EPSILON * square ? Math.sqrt(variance) : 0;
    const quarters = [0.25, 0.5, 0.75];
    const { few } = this;
    const [q1, median, q3] = few?.quantiles(quarters) ?? this.histogram.quantiles(quarters, this.min, this.max);
    return {
      // Rounding could put the mean of equal values beside them.
      mean: Math.min(this.max, Math.max(this.min, mean)),
      sd,
      min: this.min,
      q1,
      median,
      q3,
      max: this.max,
      histogram: withHistogram ? this.counted().drawn(this.min, this.max) : null,
      values: withHistogram && few !== null && few.count < shownOneByOne ? [...few.sorted] : null,
    };
  }

  private counted(): Histogram {
    if (this.few === null) return this.histogram;
    const histogram = new Histogram(this.grid);
    histogram.addMany(this.few.all, this.few.count, this.min, this.max);
    return histogram;
  }

  get count(): number {
    return this.few?.count ?? this.histogram.total;
  }

  toJSON() {
    const { sum, squares, few, histogram } = this;
    const range = this.count === 0 ? [] : [this.min, this.max];
    return { sum, squares, range, ...(few === null ? { histogram } : { values: [...few.sorted] }) };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(grid: Grid, saved: unknown): RunningStats {
    const { sum, squares, range, values, histogram } = (saved ?? {}) as Record<string, unknown>;
    const stats = new RunningStats(grid);
    if (values === undefined) {
      stats.few = null;
      stats.histogram.addAll(Histogram.from(grid, histogram));
    } else stats.few?.addMany(Float64Array.from(checked(values)), checked(values).length);
    stats.sum = ExactSum.from(sum);
    stats.squares = ExactSum.from(squares);
    if (stats.count > 0) {
      if (!Array.isArray(range) || range.length !== 2 || !range.every(Number.isFinite)) throw new Error("a range");
      [stats.min, stats.max] = range;
    }
    return stats;
  }
}

function checked(values: unknown): number[] {
  const fit = Array.isArray(values) && values.length <= fewValues;
  if (!fit || !values.every((value) => Number.isFinite(value) && value >= 0)) {
    throw new Error(`at most ${fewValues} values, none below zero`);
  }
  return values;
}
