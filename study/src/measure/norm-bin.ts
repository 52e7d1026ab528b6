/**
 * The rows whose norm lies between two powers of two, [2ᵏ, 2ᵏ⁺¹). A site is kept in such bins because which rows are massive
 * depends on the median norm, which is known only at the end; and because bins of two parts of a study simply add up.
 */
import { BottomK } from "../summary/bottom-k.js";
import { asNumber, asObject } from "../summary/saved.js";
import { upperWord } from "../summary/upper-word.js";
import { type Columns, columnsOf, type Measure, measuresUnder, type Terms } from "./measures.js";
import { QuantityStats } from "./quantity-stats.js";

/** For how many distinct rows of a bin it is known how often each occurs. */
const distinctRows = 512;

/** The bins of the smallest and the largest doubles, and how many there are. */
const lowest = -1074;
const highest = 1023;
export const binCount = highest + 1 - lowest;

/** Bins by their index, from that of the smallest norms on. @returns 0 to `binCount` − 1 */
export function binIndex(bin: number): number {
  return bin - lowest;
}

export function isBin(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= lowest && (value as number) <= highest;
}

/**
 * The bin of a norm: k with 2ᵏ ≤ norm < 2ᵏ⁺¹. It is taken from the exponent's bits, for a logarithm may round up to the next.
 *
 * @param norm above 0
 */
export function binOf(norm: number): number {
  const exponent = upperWord(norm) >>> 20;
  return exponent === 0 ? binOf(norm * 2 ** 52) - 52 : exponent - 1023;
}

export class NormBin {
  readonly stats: QuantityStats;
  /** A sample of the distinct rows. Each is kept as its measures, in the order of `names`. */
  private readonly distinct = new BottomK<number[]>(distinctRows);
  private readonly names: readonly Measure[];
  /** The rows of the current block that belong to this bin and are not added up yet. */
  private rowIndices: number[] = [];

  constructor(private readonly terms: Terms) {
    this.stats = new QuantityStats(terms);
    this.names = measuresUnder(terms);
  }

  /** Whether a row whose fingerprint is `least` or more could be kept, so that its fingerprint has to be known exactly. */
  wants(least: number): boolean {
    return this.distinct.wants(least);
  }

  /** Adds one row of a block. The block must not change before `settle` has added the row up. */
  add(block: Columns, row: number, fingerprint: number): void {
    this.rowIndices.push(row);
    if (this.distinct.wants(fingerprint)) {
      this.distinct.add(fingerprint, () => this.names.map((name) => block[name][row]));
    }
  }

  /** Adds up the rows of the block that `add` was given. */
  settle(block: Columns): void {
    this.stats.addMany(block, this.rowIndices);
    // A new list: blocks of narrow rows have millions of rows, and a study hundreds of sites that live until its end.
    this.rowIndices = [];
  }

  addAll(other: NormBin): void {
    this.stats.addAll(other.stats);
    this.distinct.addAll(other.distinct);
  }

  /** The rows, where those that occur `often` or more count once. All rows where not every distinct row is known. */
  withoutCopies(often: number): QuantityStats {
    const stats = new QuantityStats(this.terms);
    stats.addAll(this.stats);
    if (!this.distinct.complete) return stats;
    for (const { row, count } of this.repeated()) {
      if (count >= often) stats.remove(row, count - 1);
    }
    return stats;
  }

  get repeatsKnown(): boolean {
    return this.distinct.complete;
  }

  /** The share of the rows that repeat an earlier one: counted if all distinct rows are kept, else estimated from those that are. */
  get repeatedShare(): number {
    const entries = this.distinct.entries();
    const rows = entries.reduce((sum, [, { count }]) => sum + count, 0);
    return rows === 0 ? 0 : 1 - entries.length / rows;
  }

  /** Among the rows that are kept, those that occur more than once: each as columns of one row. */
  repeated(): { row: Columns; count: number }[] {
    return this.distinct
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
    const dropped = this.distinct.droppedFrom;
    const entries = this.distinct.entries().map(([fingerprint, { count, row }]) => [fingerprint, count, ...row]);
    return { sums: this.stats, distinct: { droppedFrom: Number.isFinite(dropped) ? dropped : null, entries } };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(terms: Terms, saved: unknown): NormBin {
    const { sums, distinct } = asObject(saved, "an octave");
    const { droppedFrom, entries } = asObject(distinct, "distinct rows");
    const bin = new NormBin(terms);
    bin.stats.addAll(QuantityStats.from(terms, sums));
    const length = 2 + bin.names.length;
    if (!Array.isArray(entries)) throw new Error("distinct rows as a list");
    for (const entry of entries) {
      if (!Array.isArray(entry) || entry.length !== length || !entry.every(Number.isFinite)) {
        throw new Error(`distinct rows of ${length} numbers`);
      }
      const [fingerprint, count, ...measures] = entry as number[];
      if (!Number.isSafeInteger(count) || count < 1) throw new Error("counts of at least 1");
      bin.distinct.add(fingerprint, () => measures, count);
    }
    if (droppedFrom !== null) bin.distinct.dropFrom(asNumber(droppedFrom, "droppedFrom"));
    return bin;
  }
}
