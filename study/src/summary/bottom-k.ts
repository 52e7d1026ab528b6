/**
 * Which items occur more than once, in memory that does not grow: the k distinct items with the smallest fingerprints, and
 * how often each occurs.
 *
 * As long as there are no more than k distinct items, all of them are here and every count is known. Beyond that they are a
 * random sample of the distinct items, still with exact counts: whether a fingerprint belongs to the k smallest does not
 * depend on when it comes. So two samples merge into the sample of all, in any order. Source: Cohen and Kaplan,
 * Summarizing Data using Bottom-k Sketches, PODC 2007.
 */
export interface Counted<T> {
  count: number;
  row: T;
}

export class BottomK<T> {
  private readonly kept = new Map<number, Counted<T>>();
  /** Items with this fingerprint or a larger one were dropped. */
  private limit = Number.POSITIVE_INFINITY;

  /**
   * @param k how many distinct items are kept
   * @param dropped is told of each item that is no longer kept, whose memory can be used again
   */
  constructor(
    readonly k: number,
    private readonly dropped: (row: T) => void = () => {},
  ) {}

  /** Whether an item of this fingerprint could be among the smallest. If not, it need not be copied. */
  wants(fingerprint: number): boolean {
    return fingerprint < this.limit;
  }

  /** Counts an item; `row` is called at its first occurrence only. */
  add(fingerprint: number, row: () => T, count = 1): void {
    if (fingerprint >= this.limit) return;
    const there = this.kept.get(fingerprint);
    if (there !== undefined) there.count += count;
    else {
      this.kept.set(fingerprint, { count, row: row() });
      // Trimmed at twice k, so that each sort is paid for by k additions.
      if (this.kept.size >= 2 * this.k) this.trim();
    }
  }

  addAll(other: BottomK<T>): void {
    for (const [fingerprint, { count, row }] of other.kept) this.add(fingerprint, () => row, count);
    if (other.limit < this.limit) this.dropFrom(other.limit);
    this.trim();
  }

  /** Whether every distinct item is here. */
  get complete(): boolean {
    this.trim();
    return this.limit === Number.POSITIVE_INFINITY;
  }

  /** The items that are kept, in the order of their fingerprints. */
  entries(): [fingerprint: number, kept: Counted<T>][] {
    this.trim();
    return [...this.kept].sort(([a], [b]) => a - b);
  }

  /** Drops the items from `limit` on. Another part has dropped them, so their counts here would be too small. */
  dropFrom(limit: number): void {
    this.limit = Math.min(this.limit, limit);
    for (const [fingerprint, { row }] of this.kept) {
      if (fingerprint < this.limit) continue;
      this.kept.delete(fingerprint);
      this.dropped(row);
    }
  }

  /** The fingerprint from which on items were dropped; Infinity where none was. */
  get droppedFrom(): number {
    this.trim();
    return this.limit;
  }

  private trim(): void {
    if (this.kept.size <= this.k) return;
    const fingerprints = Float64Array.from(this.kept.keys()).sort();
    this.dropFrom(fingerprints[this.k]);
  }
}
