/**
 * Which rows occur more than once, in memory that does not grow: the k distinct rows with the smallest fingerprints, and
 * how often each occurs.
 *
 * As long as there are no more than k distinct rows, all of them are here and every count is known. Beyond that they are a
 * random sample of the distinct rows, still with exact counts: whether a fingerprint belongs to the k smallest does not
 * depend on when it comes. So two sketches add up to the sketch of all, in any order. Source: Cohen and Kaplan,
 * Summarizing Data using Bottom-k Sketches, PODC 2007.
 */
export interface Kept<T> {
  count: number;
  row: T;
}

export class Sketch<T> {
  private readonly kept = new Map<number, Kept<T>>();
  /** Fingerprints from here on were dropped. */
  private limit = Number.POSITIVE_INFINITY;

  /** @param dropped told of each row that is no longer kept, whose memory can serve again */
  constructor(
    readonly size: number,
    private readonly dropped: (row: T) => void = () => {},
  ) {}

  /** Whether a fingerprint could be among the smallest: what is not need not be copied. */
  wants(fingerprint: number): boolean {
    return fingerprint < this.limit;
  }

  /** Counts a row; `row` is asked for at its first occurrence. */
  add(fingerprint: number, row: () => T, count = 1): void {
    if (fingerprint >= this.limit) return;
    const there = this.kept.get(fingerprint);
    if (there !== undefined) there.count += count;
    else {
      this.kept.set(fingerprint, { count, row: row() });
      // Twice as many as are wanted, so that sorting is paid for by as many additions.
      if (this.kept.size >= 2 * this.size) this.trim();
    }
  }

  addAll(other: Sketch<T>): void {
    for (const [fingerprint, { count, row }] of other.kept) this.add(fingerprint, () => row, count);
    if (other.limit < this.limit) this.dropFrom(other.limit);
    this.trim();
  }

  /** Whether every distinct row is here. */
  get complete(): boolean {
    this.trim();
    return this.limit === Number.POSITIVE_INFINITY;
  }

  /** The kept rows by their fingerprints, smallest first. */
  entries(): [fingerprint: number, kept: Kept<T>][] {
    this.trim();
    return [...this.kept].sort(([a], [b]) => a - b);
  }

  /** Fingerprints from `limit` on were dropped elsewhere: their counts here would be too small. */
  dropFrom(limit: number): void {
    this.limit = Math.min(this.limit, limit);
    for (const [fingerprint, { row }] of this.kept) {
      if (fingerprint < this.limit) continue;
      this.kept.delete(fingerprint);
      this.dropped(row);
    }
  }

  /** Where what was dropped begins; Infinity where nothing was. */
  get droppedFrom(): number {
    this.trim();
    return this.limit;
  }

  private trim(): void {
    if (this.kept.size <= this.size) return;
    const fingerprints = Float64Array.from(this.kept.keys()).sort();
    this.dropFrom(fingerprints[this.size]);
  }
}
