/**
 * The rows of a site that have a direction, as sums that merge: those of each norm bin, and which rows repeat.
 *
 * A model has hundreds of sites of many rows, or ten thousands of tensors with a few rows each. Few rows are kept as what was
 * measured of them, a hundredth of what their sums take, and are added up when figures are asked for. Sums are exact, so when
 * they are made changes no bit.
 */

import { fewValues } from "../summary/few-values.js";
import { type Columns, columnsOf, measuresUnder, type Terms } from "./measures.js";
import { binOf, isBin, NormBin } from "./norm-bin.js";
import { QuantityStats } from "./quantity-stats.js";
import { Repeats } from "./repeats.js";

export class RowSums {
  private readonly bins = new Map<number, NormBin>();
  private last: NormBin | null = null;
  private lastBin = Number.NaN;
  /**
   * Whether there are more rows than of which values are kept: then no bin keeps those of its own, however few its rows. So the
   * figures do not depend on how the rows lie in bins, and what is saved of many rows stays small.
   */
  private coarse = false;

  constructor(
    private readonly terms: Terms,
    readonly repeats = new Repeats(terms),
  ) {}

  /** The bin of the rows whose norm lies in [2ᵏ, 2ᵏ⁺¹). Most rows lie in the same one as the row before. */
  bin(k: number): NormBin {
    if (k === this.lastBin && this.last !== null) return this.last;
    let bin = this.bins.get(k);
    if (bin === undefined) {
      bin = new NormBin(this.terms);
      if (this.coarse) bin.stats.coarsen();
      this.bins.set(k, bin);
    }
    this.last = bin;
    this.lastBin = k;
    return bin;
  }

  /** Adds up the rows of a block that the bins were given. */
  settle(block: Columns): void {
    for (const bin of this.bins.values()) bin.settle(block);
    this.coarsenMany();
  }

  private coarsenMany(): void {
    if (this.coarse || this.count <= fewValues) return;
    this.coarse = true;
    for (const { stats } of this.bins.values()) stats.coarsen();
  }

  addAll(other: RowSums): void {
    for (const [k, { stats }] of other.bins) this.bin(k).stats.addAll(stats);
    this.coarsenMany();
    this.repeats.addAll(other.repeats);
  }

  get count(): number {
    let rows = 0;
    for (const { stats } of this.bins.values()) rows += stats.rows;
    return rows;
  }

  /** The rows of some bins together. */
  pooled(which: (k: number) => boolean): QuantityStats {
    const stats = new QuantityStats(this.terms);
    for (const [k, bin] of this.bins) if (which(k)) stats.addAll(bin.stats);
    return stats;
  }

  /** "octaves" is the name that saved sums have for the bins, which stand from the smallest norms up. */
  toJSON() {
    const inOrder = [...this.bins].sort(([a], [b]) => a - b);
    return { octaves: inOrder.map(([k, { stats }]) => [k, stats]), repeats: this.repeats };
  }

  /** @throws Error in words of what was expected, unless the values are what toJSON gives */
  static from(terms: Terms, octaves: unknown, repeats: unknown): RowSums {
    const sums = new RowSums(terms, Repeats.from(terms, repeats));
    if (!Array.isArray(octaves)) throw new Error("octaves as a list");
    for (const pair of octaves) {
      if (!Array.isArray(pair) || pair.length !== 2 || !isBin(pair[0])) {
        throw new Error("octaves with their numbers");
      }
      sums.bin(pair[0]).stats.addAll(QuantityStats.from(terms, pair[1]));
    }
    sums.coarsenMany();
    return sums;
  }
}

/** Up to so many rows are kept as what was measured of them. */
export const fewRows = 64;

export class FewRows {
  readonly count: number;
  /** A column after another, of the measures in their order. */
  private readonly measured: Float64Array;
  private readonly fingerprints: Float64Array;

  /** @param rows of the block, and their fingerprints */
  constructor(
    private readonly terms: Terms,
    block: Columns,
    rows: readonly number[],
    fingerprints: readonly number[],
  ) {
    this.count = rows.length;
    this.measured = Float64Array.from(measuresUnder(terms).flatMap((name) => rows.map((row) => block[name][row])));
    this.fingerprints = Float64Array.from(fingerprints);
  }

  get repeats(): Repeats {
    const repeats = new Repeats(this.terms);
    for (const [row, fingerprint] of this.fingerprints.entries()) {
      repeats.add(fingerprint);
      repeats.countOne(fingerprint, this.columns, row);
    }
    return repeats;
  }

  sums(): RowSums {
    const sums = new RowSums(this.terms, this.repeats);
    const { columns } = this;
    for (let row = 0; row < this.count; row++) sums.bin(binOf(columns.length[row])).add(row);
    sums.settle(columns);
    return sums;
  }

  private get columns(): Columns {
    const columns = columnsOf(this.terms, 0);
    for (const [i, name] of measuresUnder(this.terms).entries()) {
      columns[name] = this.measured.subarray(i * this.count, (i + 1) * this.count);
    }
    return columns;
  }
}
