/**
 * Values kept as they are, while there are few of them: their quantiles are values of theirs. Which values there are does not depend
 * on the order in which they came or on parts, so that this merges as sums and counts do.
 */

/** Up to so many are kept: in memory they take what the counts of a histogram take. */
export const fewValues = 1024;

const none = new Float64Array(0);

export class FewValues {
  private values = none;
  count = 0;

  /** Adds the first `count` values. */
  addMany(values: Float64Array, count: number): void {
    const total = this.count + count;
    if (total > this.values.length) {
      const larger = new Float64Array(Math.max(total, 2 * this.values.length));
      larger.set(this.all);
      this.values = larger;
    }
    for (let i = 0; i < count; i++) this.values[this.count + i] = values[i];
    this.count = total;
  }

  /** Takes `times` occurrences of a value back. */
  remove(value: number, times: number): void {
    let left = times;
    let kept = 0;
    for (const one of this.all) {
      if (one === value && left > 0) left--;
      else this.values[kept++] = one;
    }
    this.count = kept;
  }

  /** In the order in which they came. */
  get all(): Float64Array {
    return this.values.subarray(0, this.count);
  }

  get sorted(): Float64Array {
    return this.all.slice().sort();
  }

  /** For each share, the smallest value that so large a share of the values do not exceed. NaN if there are none. */
  quantiles(shares: readonly number[]): number[] {
    const { sorted } = this;
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
  }
}
