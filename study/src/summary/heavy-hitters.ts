/**
 * The items that occur most often, in memory that does not grow: the summary of Misra and Gries, in the form that merges.
 *
 * Of n items, each one that occurs more than n/(k + 1) times is kept. For an item that is kept, `count` is how often it was seen
 * since it came in, and `missed` bounds how often it had occurred before: 0 says that the count is exact, whatever the order was.
 *
 * While there are at most k distinct items, all are kept and every count is exact. Where there are more, the (k + 1)-th largest
 * number of sightings is taken from all of them, those left with none are dropped, and `missed` of items that come in later
 * grows by it. Each such step takes a sighting from at least k + 1 items, so `missed` never exceeds n/(k + 1).
 *
 * Source: Misra and Gries, Finding Repeated Elements, 1982; Agarwal, Cormode et al., Mergeable Summaries, PODS 2012. The bound
 * for each item is that of Manku and Motwani, Approximate Frequency Counts over Data Streams, VLDB 2002.
 */
import { asCount, asObject } from "./saved.js";

export interface Heavy {
  /** How often it was seen since it came in: it occurred so often at least. */
  count: number;
  /** How often it may have occurred besides. */
  missed: number;
  /** What is known of it, beginning with what orders items of the same count. */
  values: readonly number[];
}

export class HeavyHitters {
  private readonly kept = new Map<number, Heavy>();
  /** How often an item that is not kept may have occurred. */
  private dropped = 0;

  /** @param k how many distinct items are kept */
  constructor(readonly k: number) {}

  /** How many items are kept. */
  get size(): number {
    return this.kept.size;
  }

  /** Whether every item is kept, so that every count is exact. */
  get complete(): boolean {
    return this.dropped === 0;
  }

  /** The fingerprints of the items that are kept. */
  fingerprints(): Iterable<number> {
    return this.kept.keys();
  }

  /** Counts an item; `values` is called when it comes in. `trim` is to follow before there are many more than k. */
  add(fingerprint: number, values: () => readonly number[]): void {
    const there = this.kept.get(fingerprint);
    if (there !== undefined) there.count++;
    else this.kept.set(fingerprint, { count: 1, missed: this.dropped, values: values() });
  }

  /** Drops items until k are kept. @param others how many more distinct items there were, each once, that need not be kept */
  trim(others = 0): void {
    if (this.kept.size + others <= this.k) return;
    // An item's sightings are how often it may have occurred, less what was taken from all.
    const sightings = ({ count, missed }: Heavy) => count + missed - this.dropped;
    const sorted = Float64Array.from(this.kept.values(), sightings).sort();
    const taken = Math.max(sorted[sorted.length - 1 - this.k] ?? 0, others > 0 ? 1 : 0);
    for (const [fingerprint, heavy] of this.kept) if (sightings(heavy) <= taken) this.kept.delete(fingerprint);
    this.dropped += taken;
  }

  addAll(other: HeavyHitters): void {
    const { dropped } = this;
    for (const [fingerprint, heavy] of this.kept) {
      if (!other.kept.has(fingerprint)) heavy.missed += other.dropped;
    }
    for (const [fingerprint, { count, missed, values }] of other.kept) {
      const there = this.kept.get(fingerprint);
      if (there === undefined) this.kept.set(fingerprint, { count, missed: missed + dropped, values });
      else {
        there.count += count;
        there.missed += missed;
      }
    }
    this.dropped += other.dropped;
    this.trim();
  }

  /** The items seen at least so often, the most frequent first. */
  atLeast(often: number): [fingerprint: number, heavy: Heavy][] {
    return [...this.kept]
      .filter(([, { count }]) => count >= often)
      .sort(([f, a], [g, b]) => b.count - a.count || a.values[0] - b.values[0] || f - g);
  }

  toJSON() {
    const kept = [...this.kept].sort(([a], [b]) => a - b);
    return {
      dropped: this.dropped,
      kept: kept.map(([print, { count, missed, values }]) => [print, count, missed, ...values]),
    };
  }

  /**
   * @param length of each item's values
   * @throws Error in words of what was expected, unless the value is what toJSON gives
   */
  static from(k: number, length: number, saved: unknown): HeavyHitters {
    const { dropped, kept } = asObject(saved, "repeated rows");
    const all = new HeavyHitters(k);
    all.dropped = asCount(dropped, "dropped");
    if (!Array.isArray(kept) || kept.length > k) throw new Error(`repeated rows as a list of ${k} at most`);
    for (const item of kept) {
      if (!Array.isArray(item) || item.length !== 3 + length || !item.every(Number.isFinite)) {
        throw new Error(`repeated rows of ${3 + length} numbers`);
      }
      const [print, count, missed, ...values] = item as number[];
      if (asCount(count, "a row's count") === 0) throw new Error("a row's count of at least 1");
      all.kept.set(asCount(print, "a fingerprint"), { count, missed: asCount(missed, "a row's missed"), values });
    }
    return all;
  }
}
