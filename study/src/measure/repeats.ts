/** Which rows of a site are the same bit for bit: the frequent ones with their counts, and which share of all rows repeats. */
import { BottomK } from "../summary/bottom-k.js";
import { HeavyHitters } from "../summary/heavy-hitters.js";
import { asCount, asObject } from "../summary/saved.js";
import { elementsPrint, lowerRange } from "./fingerprint.js";
import { type Columns, columnsOf, type Measure, measuresUnder, type Terms } from "./measures.js";

/**
 * How many distinct rows are kept, as frequent ones and as a sample of all. Up to so many distinct rows, every count is exact;
 * beyond, a vector of 0.2 % of the rows (1/513) is surely kept.
 */
export const distinctRows = 512;

/** A vector of this share is named as frequent: far above the share from which it is surely kept. */
const frequentShare = 0.01;

/** A row and its copies. */
export interface Repeated {
  /** The measures of one of them; those of its copies are the same. */
  row: Columns;
  /** How many there are: at least, unless it is exact. */
  count: number;
  exact: boolean;
}

export class Repeats {
  private readonly frequent: HeavyHitters;
  /** A random sample of the distinct rows, and how often each occurs. */
  private readonly sample = new BottomK<null>(distinctRows);
  private readonly names: readonly Measure[];

  constructor(
    private readonly terms: Terms,
    frequent = new HeavyHitters(distinctRows),
  ) {
    this.frequent = frequent;
    this.names = measuresUnder(terms);
  }

  /** Whether a row whose fingerprint is `least` or more could be in the sample, so that its fingerprint has to be known exactly. */
  wants(least: number): boolean {
    return this.sample.wants(least);
  }

  /** Adds a row to the sample. */
  add(fingerprint: number): void {
    this.sample.add(fingerprint, () => null);
  }

  /**
   * Counts rows of a block, at most `batchRows` of them. Rows are grouped by the upper halves of their fingerprints: only of a row
   * that shares it with another, or with a frequent row, need the elements be fetched.
   *
   * @param uppers of the rows; `rows` are their numbers in the block
   */
  count(batch: Batch, block: Columns, elements: Uint16Array | Uint32Array, rowWords: number): void {
    const { frequent } = this;
    const known = new Set<number>();
    for (const print of frequent.fingerprints()) known.add(Math.floor(print / lowerRange));
    const single = batch.group(known);
    let singles = 0;
    const add = (i: number) => {
      const row = batch.rows[i];
      const upper = batch.uppers[i] * lowerRange;
      const print = upper + elementsPrint(upper, elements, row * rowWords, rowWords);
      this.countOne(print, block, row);
    };
    for (let i = 0; i < batch.size; i++) {
      if (single(i)) singles++;
      else add(i);
    }
    if (frequent.size + singles <= frequent.k) {
      for (let i = 0; i < batch.size; i++) if (single(i)) add(i);
    } else frequent.trim(singles);
    batch.size = 0;
  }

  /** Counts one row of a block, whose fingerprint is known. */
  countOne(fingerprint: number, block: Columns, row: number): void {
    this.frequent.add(fingerprint, () => this.names.map((name) => block[name][row]));
  }

  addAll(other: Repeats): void {
    this.frequent.addAll(other.frequent);
    this.sample.addAll(other.sample);
  }

  /** Whether all distinct rows are known. If not, `share` is an estimate. */
  get complete(): boolean {
    return this.sample.complete;
  }

  /** The rows that occur at least so often, the most frequent first. */
  atLeast(often: number): Repeated[] {
    return this.frequent.atLeast(often).map(([, { count, missed, values }]) => {
      const row = columnsOf(this.terms, 1);
      for (const [i, name] of this.names.entries()) row[name][0] = values[i];
      return { row, count, exact: missed === 0 };
    });
  }

  /** The most frequent row, where one is known to occur more than once. @param rows of the site */
  most(rows: number): Repeated | null {
    const often = this.frequent.complete ? 2 : Math.max(2, frequentShare * rows);
    return this.atLeast(often)[0] ?? null;
  }

  /**
   * The share of the rows that repeat an earlier one. Frequent rows are counted, the others' share is that of the sample.
   *
   * @param rows of the site
   */
  share(rows: number): number {
    const counted = new Map(this.frequent.atLeast(frequentShare * rows));
    let copies = 0;
    let others = rows;
    for (const { count } of counted.values()) {
      copies += count - 1;
      others -= count;
    }
    let sampled = 0;
    let distinct = 0;
    for (const [print, { count }] of this.sample.entries()) {
      if (counted.has(print)) continue;
      sampled += count;
      distinct++;
    }
    const repeated = sampled === 0 ? 0 : Math.max(0, others) * (1 - distinct / sampled);
    return rows === 0 ? 0 : (copies + repeated) / rows;
  }

  toJSON() {
    const dropped = this.sample.droppedFrom;
    const kept = this.sample.entries().map(([fingerprint, { count }]) => [fingerprint, count]);
    return { frequent: this.frequent, sample: { droppedFrom: Number.isFinite(dropped) ? dropped : null, kept } };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(terms: Terms, saved: unknown): Repeats {
    const { frequent, sample } = asObject(saved, "repeats");
    const { droppedFrom, kept } = asObject(sample, "distinct rows");
    const repeats = new Repeats(terms, HeavyHitters.from(distinctRows, measuresUnder(terms).length, frequent));
    if (!Array.isArray(kept)) throw new Error("distinct rows as a list");
    for (const pair of kept) {
      if (!Array.isArray(pair) || pair.length !== 2) throw new Error("distinct rows of 2 numbers");
      const count = asCount(pair[1], "a row's count");
      if (count === 0) throw new Error("a row's count of at least 1");
      repeats.sample.add(asCount(pair[0], "a fingerprint"), () => null, count);
    }
    if (droppedFrom !== null) repeats.sample.dropFrom(asCount(droppedFrom, "droppedFrom"));
    return repeats;
  }
}

/** How many rows are grouped at a time: their table stays in the first cache. */
export const batchRows = 2048;

const slotCount = 4 * batchRows;

/** Some rows of a block, by the upper halves of their fingerprints. */
export class Batch {
  size = 0;
  readonly rows = new Int32Array(batchRows);
  readonly uppers = new Uint32Array(batchRows + distinctRows);
  /** Per row, the first one of its group; per first one, how many they are. */
  private readonly firsts = new Int32Array(batchRows);
  private readonly counts = new Int32Array(batchRows + distinctRows);
  /** A hash table with open addressing: 1 + the first one of a group, 0 where there is none. */
  private readonly slots = new Int16Array(slotCount);

  get full(): boolean {
    return this.size === batchRows;
  }

  add(row: number, upper: number): void {
    this.rows[this.size] = row;
    this.uppers[this.size++] = upper;
  }

  /**
   * Groups the rows.
   *
   * @param known upper halves that belong to a group already
   * @returns which rows are alone in their group, until the next call
   */
  group(known: ReadonlySet<number>): (i: number) => boolean {
    const { size, uppers, firsts, counts, slots } = this;
    slots.fill(0);
    let end = batchRows;
    for (const upper of known) {
      uppers[end] = upper;
      slots[this.slotOf(upper)] = end + 1;
      counts[end++] = 1;
    }
    for (let i = 0; i < size; i++) {
      const slot = this.slotOf(uppers[i]);
      if (slots[slot] === 0) {
        slots[slot] = i + 1;
        counts[i] = 0;
      }
      const first = slots[slot] - 1;
      firsts[i] = first;
      counts[first]++;
    }
    return (i) => counts[firsts[i]] === 1;
  }

  /** The slot of an upper half, or the free one where it belongs. Fingerprints are as good as random: their bits are the hash. */
  private slotOf(upper: number): number {
    const { slots, uppers } = this;
    let slot = upper & (slotCount - 1);
    while (slots[slot] !== 0 && uppers[slots[slot] - 1] !== upper) slot = (slot + 1) & (slotCount - 1);
    return slot;
  }
}
