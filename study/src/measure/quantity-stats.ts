/** The spread of every quantity over a group of rows, whichever rows they are. */
import { ExactSum, rangeOf } from "../summary/exact-sum.js";
import { RunningStats } from "../summary/running-stats.js";
import { asCount, asNumber, asObject } from "../summary/saved.js";
import {
  type Columns,
  gather,
  grids,
  noAngle,
  type Quantity,
  quantitiesOf,
  quantitiesUnder,
  type Terms,
} from "./measures.js";

/** How many rows are added up at a time: several times as fast as one by one, and their columns stay in cache. */
const batch = 1024;

export class QuantityStats {
  private readonly stats = new Map<Quantity, RunningStats>();
  private readonly dCos2 = ExactSum.of();
  private readonly swap = ExactSum.of();
  private swapMax = 0;
  /** How many rows have a mean that is zero up to rounding. */
  centred = 0;

  constructor(private readonly terms: Terms) {
    for (const name of quantitiesUnder(terms)) this.stats.set(name, new RunningStats(grids[name]));
  }

  /** Adds some of the rows of a block. */
  addMany(block: Columns, rowIndices: readonly number[]): void {
    for (let from = 0; from < rowIndices.length; from += batch) {
      const count = Math.min(batch, rowIndices.length - from);
      const quantities = quantitiesOf(gather(block, rowIndices, from, count, this.terms), count, this.terms);
      for (const [name, stats] of this.stats) stats.addMany(quantities[name], directed(quantities[name], count));
      this.dCos2.addMany(quantities.dCos2, count);
      const range = rangeOf(quantities.swap, count);
      this.swap.addMany(quantities.swap, count, range);
      this.swapMax = Math.max(this.swapMax, range.largest);
      this.centred += countBelow(quantities.swap, count, this.terms.centredBelow);
    }
  }

  addAll(other: QuantityStats): void {
    for (const [name, stats] of this.stats) stats.addAll(other.of(name));
    this.dCos2.addAll(other.dCos2);
    this.swap.addAll(other.swap);
    this.swapMax = Math.max(this.swapMax, other.swapMax);
    this.centred += other.centred;
  }

  /** Keeps counts on grids instead of the values of few rows. */
  coarsen(): void {
    for (const stats of this.stats.values()) stats.coarsen();
  }

  /** Takes back `times` occurrences of a row, of which at least one more stays. */
  remove(row: Columns, times: number): void {
    const quantities = quantitiesOf(row, 1, this.terms);
    for (const [name, stats] of this.stats) {
      const [value] = quantities[name];
      if (value !== noAngle) stats.remove(value, times);
    }
    this.dCos2.addTimes(quantities.dCos2[0], -times);
    this.swap.addTimes(quantities.swap[0], -times);
    this.centred -= times * countBelow(quantities.swap, 1, this.terms.centredBelow);
  }

  of(name: Quantity): RunningStats {
    return this.stats.get(name) as RunningStats;
  }

  get rows(): number {
    return this.of("angle").count;
  }

  get means() {
    const { rows } = this;
    return { dCos2: this.dCos2.value / rows, swap: { mean: this.swap.value / rows, max: this.swapMax } };
  }

  /** "tallies" is the name that saved sums have for the statistics. */
  toJSON() {
    const { dCos2, swap, swapMax, centred } = this;
    return { tallies: Object.fromEntries(this.stats), dCos2, swap, swapMax, centred };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(terms: Terms, saved: unknown): QuantityStats {
    const { tallies, dCos2, swap, swapMax, centred } = asObject(saved, "sums");
    const all = new QuantityStats(terms);
    const byName = asObject(tallies, "tallies");
    for (const [name, stats] of all.stats) stats.addAll(RunningStats.from(grids[name], byName[name]));
    for (const [name, { count }] of all.stats) {
      const known = withDirection.has(name) ? count <= all.rows : count === all.rows;
      if (!known) throw new Error("as many rows in every tally");
    }
    all.dCos2.addAll(ExactSum.from(dCos2));
    all.swap.addAll(ExactSum.from(swap));
    all.swapMax = asNumber(swapMax, "swapMax");
    all.centred = asCount(centred, "centred");
    if (all.centred > all.rows) throw new Error("at most as many centred rows as there are");
    return all;
  }
}

/** The quantities that a row has only where weight and bias leave it a direction. */
const withDirection: ReadonlySet<Quantity> = new Set(["angleAfter", "affine", "total"] as const);

function countBelow(values: Float64Array, count: number, limit: number): number {
  let below = 0;
  for (let i = 0; i < count; i++) if (values[i] < limit) below++;
  return below;
}

/** Moves the values that are angles to the front. @returns how many there are */
function directed(values: Float64Array, count: number): number {
  const first = values.indexOf(noAngle);
  if (first < 0 || first >= count) return count;
  let kept = first;
  for (let i = first; i < count; i++) {
    if (values[i] !== noAngle) values[kept++] = values[i];
  }
  return kept;
}
