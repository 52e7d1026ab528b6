/**
 * How alike the rows of a site are, which decides how much their number says. Forty rows that all point the same way are one
 * direction measured forty times: the rows' mean |90° − θ| is then no steadier than that of a single row.
 *
 * The field's word is the design effect: n rows that are correlated by r in pairs say as much as n/(1 + (n − 1)·r) independent
 * ones. Here r is that of cos²: for a direction drawn evenly from the sphere, cos² to one row and cos² to another are correlated by
 * exactly (d·c² − 1)/(d − 1), where c is the cosine of the two rows. Source: L. Kish, Survey Sampling, 1965, §8.2.
 */
import { asNumber, asObject } from "../summary/saved.js";

/** Pairs are taken of at most so many rows, and of fewer where rows are long: 2²⁴ products take some twenty milliseconds. */
const mostRows = 256;
const mostProducts = 2 ** 24;

export class PairSums {
  private constructor(
    /** How many pairs of rows there are, and the sums over them of cos and cos². */
    private pairs: number,
    private cosine: number,
    private squared: number,
  ) {}

  static of(): PairSums {
    return new PairSums(0, 0, 0);
  }

  /**
   * @param rows n × cols elements, no row of zeros
   * @param counts how often each of the n rows occurs: two copies are a pair too
   */
  static measure(rows: Float32Array | Float64Array, counts: readonly number[], cols: number): PairSums {
    const sums = PairSums.of();
    const n = Math.min(counts.length, mostRows, Math.max(16, Math.floor(Math.sqrt((2 * mostProducts) / cols))));
    const units = unitRows(rows, n, cols);
    for (let row = 0; row < n; row++) {
      const copies = (counts[row] * (counts[row] - 1)) / 2;
      sums.pairs += copies;
      sums.cosine += copies;
      sums.squared += copies;
      for (let other = 0; other < row; other++) {
        const cosine = dot(units, row * cols, other * cols, cols);
        const times = counts[row] * counts[other];
        sums.pairs += times;
        sums.cosine += times * cosine;
        sums.squared += times * cosine * cosine;
      }
    }
    return sums;
  }

  /** Adds the pairs within another part. Those across two parts are never formed. */
  addAll(other: PairSums): void {
    this.pairs += other.pairs;
    this.cosine += other.cosine;
    this.squared += other.squared;
  }

  /** Null of a single row, which has no other to be like. */
  figures(cols: number): { cosine: number; correlation: number } | null {
    const { pairs, cosine, squared } = this;
    if (pairs === 0) return null;
    const correlation = cols === 1 ? 1 : ((cols * squared) / pairs - 1) / (cols - 1);
    return { cosine: cosine / pairs, correlation };
  }

  toJSON() {
    const { pairs, cosine, squared } = this;
    return { pairs, cosine, squared };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(saved: unknown): PairSums {
    const { pairs, cosine, squared } = asObject(saved, "sums over pairs");
    return new PairSums(asNumber(pairs, "pairs"), asNumber(cosine, "cosine"), asNumber(squared, "squared"));
  }
}

/** The first n rows at length 1. The largest element is divided out first, because squares of f64 rows may leave the range. */
function unitRows(rows: Float32Array | Float64Array, n: number, cols: number): Float64Array {
  const units = Float64Array.from(rows.subarray(0, n * cols));
  for (let start = 0; start < units.length; start += cols) {
    const row = units.subarray(start, start + cols);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let squares = 0;
    for (let i = 0; i < cols; i++) {
      row[i] /= largest;
      squares += row[i] * row[i];
    }
    const length = Math.sqrt(squares);
    for (let i = 0; i < cols; i++) row[i] /= length;
  }
  return units;
}

/** Four sums at a time, so that an addition does not wait for the one before. */
function dot(values: Float64Array, a: number, b: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    s0 += values[a + i] * values[b + i];
    s1 += values[a + i + 1] * values[b + i + 1];
    s2 += values[a + i + 2] * values[b + i + 2];
    s3 += values[a + i + 3] * values[b + i + 3];
  }
  for (; i < count; i++) s0 += values[a + i] * values[b + i];
  return s0 + s1 + (s2 + s3);
}
