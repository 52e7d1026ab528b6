/**
 * How alike the rows of a site are, which decides how much their number says. Forty rows that all point the same way are one
 * direction measured forty times: the rows' mean |90° − θ| is then no steadier than that of a single row.
 *
 * The field's word is the design effect: n rows that are correlated by r in pairs say as much as n/(1 + (n − 1)·r) independent
 * ones. Here r is that of cos²: for a direction drawn evenly from the sphere, cos² to one row and cos² to another are correlated by
 * exactly (d·c² − 1)/(d − 1), where c is the cosine of the two rows. Source: L. Kish, Survey Sampling, 1965, §8.2.
 */
import { linear, type Tensor } from "orthonorm";
import { asNumber, asObject } from "../summary/saved.js";

/** Pairs are taken of at most so many rows, and of fewer where rows are long: 2²⁵ products take six milliseconds. */
const mostRows = 256;
const mostProducts = 2 ** 25;

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
   * @param units n × cols, rows at length 1
   * @param counts how often each of the n rows occurs: two copies are a pair too
   */
  static measure(units: Tensor<"f64">, counts: readonly number[]): PairSums {
    const { cols } = units;
    const sums = PairSums.of();
    const n = Math.min(counts.length, mostRows, Math.max(16, Math.floor(Math.sqrt(mostProducts / cols))));
    const some = units.view({ shape: [n, cols] });
    const cosines = linear(some, some, { out: new Float64Array(n * n) });
    some.dispose();
    for (let row = 0; row < n; row++) {
      const copies = (counts[row] * (counts[row] - 1)) / 2;
      sums.pairs += copies;
      sums.cosine += copies;
      sums.squared += copies;
      for (let other = 0; other < row; other++) {
        const cosine = cosines[row * n + other];
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
