/**
 * The rows whose norm lies in one octave, [2ᵏ, 2ᵏ⁺¹). A site is kept by octaves because which rows are massive is known
 * only when the median is, at the end; and so that parts of a study add up to the study of all.
 */
import {
  type Columns,
  columnsOf,
  grids,
  type Measure,
  measuresUnder,
  picked,
  type Quantity,
  quantitiesOf,
  quantitiesUnder,
  type Terms,
} from "./measures.js";
import { asNumber, asObject } from "./saved.js";
import { Sketch } from "./sketch.js";
import { ExactSum, rangeOf } from "./sum.js";
import { Tally } from "./tally.js";

/** The distinct rows of an octave of which it is known how often each occurs. */
const sketchSize = 512;

/** Rows are added up so many at a time: several times as fast as one by one, and their columns stay in cache. */
const batch = 1024;

/** Sums over rows, whichever they are. */
export class Sums {
  private readonly tallies = new Map<Quantity, Tally>();
  private readonly dCos2 = ExactSum.of();
  private readonly swap = ExactSum.of();
  private swapMax = 0;

  constructor(private readonly terms: Terms) {
    for (const name of quantitiesUnder(terms)) this.tallies.set(name, new Tally(grids[name]));
  }

  /** Adds the rows of some columns that are at `places`. */
  addMany(rows: Columns, places: readonly number[]): void {
    for (let from = 0; from < places.length; from += batch) {
      const count = Math.min(batch, places.length - from);
      const quantities = quantitiesOf(picked(rows, places, from, count, this.terms), count, this.terms);
      for (const [name, tally] of this.tallies) tally.addMany(quantities[name], count);
      this.dCos2.addMany(quantities.dCos2, count);
      const range = rangeOf(quantities.swap, count);
      this.swap.addMany(quantities.swap, count, range);
      this.swapMax = Math.max(this.swapMax, range.largest);
    }
  }

  addAll(other: Sums): void {
    for (const [name, tally] of this.tallies) tally.addAll(other.tally(name));
    this.dCos2.addAll(other.dCos2);
    this.swap.addAll(other.swap);
    this.swapMax = Math.max(this.swapMax, other.swapMax);
  }

  /** Takes back `times` occurrences of a row, of which at least one more is left. */
  remove(row: Columns, times: number): void {
    const quantities = quantitiesOf(row, 1, this.terms);
    for (const [name, tally] of this.tallies) tally.remove(quantities[name][0], times);
    this.dCos2.addTimes(quantities.dCos2[0], -times);
    this.swap.addTimes(quantities.swap[0], -times);
  }

  tally(name: Quantity): Tally {
    return this.tallies.get(name) as Tally;
  }

  get rows(): number {
    return this.tally("angle").rows;
  }

  get means() {
    const { rows } = this;
    return { dCos2: this.dCos2.value / rows, swap: { mean: this.swap.value / rows, max: this.swapMax } };
  }

  toJSON() {
    const { dCos2, swap, swapMax } = this;
    return { tallies: Object.fromEntries(this.tallies), dCos2, swap, swapMax };
  }

  static from(terms: Terms, saved: unknown): Sums {
    const { tallies, dCos2, swap, swapMax } = asObject(saved, "sums");
    const sums = new Sums(terms);
    const byName = asObject(tallies, "tallies");
    for (const [name, tally] of sums.tallies) tally.addAll(Tally.from(grids[name], byName[name]));
    if (new Set([...sums.tallies.values()].map(({ rows }) => rows)).size > 1)
      throw new Error("as many rows in every tally");
    sums.dCos2.addAll(ExactSum.from(dCos2));
    sums.swap.addAll(ExactSum.from(swap));
    sums.swapMax = asNumber(swapMax, "swapMax");
    return sums;
  }
}

export class Octave {
  readonly sums: Sums;
  /** Distinct rows: of each its measures, in the order of their names. */
  private readonly sketch = new Sketch<number[]>(sketchSize);
  private readonly names: readonly Measure[];
  /** Which rows of the columns at hand are here and not added up yet. */
  private places: number[] = [];

  constructor(private readonly terms: Terms) {
    this.sums = new Sums(terms);
    this.names = measuresUnder(terms);
  }

  /** Whether it matters which of the fingerprints from `least` on a row has. */
  wants(least: number): boolean {
    return this.sketch.wants(least);
  }

  /** Adds the row at `at` of some columns, which hold until `settle` has added it up. */
  add(rows: Columns, at: number, fingerprint: number): void {
    this.places.push(at);
    if (this.sketch.wants(fingerprint)) this.sketch.add(fingerprint, () => this.names.map((name) => rows[name][at]));
  }

  /** Adds up what `add` was told of the columns. */
  settle(rows: Columns): void {
    this.sums.addMany(rows, this.places);
    // A new list: a block of narrow rows has millions, and a study hundreds of sites that live until its end.
    this.places = [];
  }

  addAll(other: Octave): void {
    this.sums.addAll(other.sums);
    this.sketch.addAll(other.sketch);
  }

  /** The rows, those that occur `often` or more counted once; all of them where not every distinct row is known. */
  withoutCopies(often: number): Sums {
    const sums = new Sums(this.terms);
    sums.addAll(this.sums);
    if (!this.sketch.complete) return sums;
    for (const { row, count } of this.repeated()) {
      if (count >= often) sums.remove(row, count - 1);
    }
    return sums;
  }

  get repeatsKnown(): boolean {
    return this.sketch.complete;
  }

  /** Which share of the rows repeats an earlier one: counted, or of the distinct rows that are kept. */
  get repeatedShare(): number {
    const entries = this.sketch.entries();
    const rows = entries.reduce((sum, [, { count }]) => sum + count, 0);
    return rows === 0 ? 0 : 1 - entries.length / rows;
  }

  /** The rows that occur more than once, among those that are kept: each as columns of one row. */
  repeated(): { row: Columns; count: number }[] {
    return this.sketch
      .entries()
      .filter(([, { count }]) => count > 1)
      .map(([, { row, count }]) => ({ row: this.columns(row), count }));
  }

  private columns(measures: readonly number[]): Columns {
    const row = columnsOf(this.terms, 1);
    for (const [i, name] of this.names.entries()) row[name][0] = measures[i];
    return row;
  }

  toJSON() {
    const dropped = this.sketch.droppedFrom;
    const entries = this.sketch.entries().map(([fingerprint, { count, row }]) => [fingerprint, count, ...row]);
    return { sums: this.sums, distinct: { droppedFrom: Number.isFinite(dropped) ? dropped : null, entries } };
  }

  static from(terms: Terms, saved: unknown): Octave {
    const { sums, distinct } = asObject(saved, "an octave");
    const { droppedFrom, entries } = asObject(distinct, "distinct rows");
    const octave = new Octave(terms);
    octave.sums.addAll(Sums.from(terms, sums));
    const length = 2 + octave.names.length;
    if (!Array.isArray(entries)) throw new Error("distinct rows as a list");
    for (const entry of entries) {
      if (!Array.isArray(entry) || entry.length !== length || !entry.every(Number.isFinite)) {
        throw new Error(`distinct rows of ${length} numbers`);
      }
      const [fingerprint, count, ...measures] = entry as number[];
      if (!Number.isSafeInteger(count) || count < 1) throw new Error("counts of at least 1");
      octave.sketch.add(fingerprint, () => measures, count);
    }
    if (droppedFrom !== null) octave.sketch.dropFrom(asNumber(droppedFrom, "droppedFrom"));
    return octave;
  }
}
