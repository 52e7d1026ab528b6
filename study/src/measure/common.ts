/**
 * What the rows of a site have in common: the mean of the rows at length 1. Rows of a language model share a direction, and d·cos²θ is
 * the sum of what lies in it, d·(mean cos θ)², and of what differs from row to row.
 *
 * The mean is a vector of d numbers, too many to save of each site. What is kept is its squared length and its part along 1̂; of parts
 * of a site these are averaged, as every part has a sample of its own.
 */
import type { Tensor } from "orthonorm";
import { asNumber, asObject } from "../summary/saved.js";
import { degrees } from "./null-model.js";

export class CommonSums {
  private constructor(
    /** Rows, and the sums over them of ‖mean‖² and of mean·1̂. */
    private rows: number,
    private squared: number,
    private along: number,
  ) {}

  static of(): CommonSums {
    return new CommonSums(0, 0, 0);
  }

  /**
   * @param units n × cols, rows at length 1
   * @param counts how often each of the n rows occurs
   */
  static measure(units: Tensor<"f64">, counts: readonly number[]): CommonSums {
    const { cols, data } = units;
    const mean = new Float64Array(cols);
    const rows = counts.reduce((sum, count) => sum + count, 0);
    for (const [row, count] of counts.entries()) {
      for (let i = 0; i < cols; i++) mean[i] += (count / rows) * data[row * cols + i];
    }
    let [squared, sum] = [0, 0];
    for (const value of mean) {
      squared += value * value;
      sum += value;
    }
    return new CommonSums(rows, rows * squared, (rows * sum) / Math.sqrt(cols));
  }

  addAll(other: CommonSums): void {
    this.rows += other.rows;
    this.squared += other.squared;
    this.along += other.along;
  }

  figures(): { share: number; angle: number | null } {
    const { rows, squared, along } = this;
    const share = Math.min(1, squared / rows);
    // The mean of the parts' components is at most the root of the mean of their squares; rounding may say otherwise.
    const cosine = along / rows / Math.sqrt(share);
    return { share, angle: share === 0 ? null : degrees * Math.acos(Math.max(-1, Math.min(1, cosine))) };
  }

  toJSON() {
    const { rows, squared, along } = this;
    return { rows, squared, along };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(saved: unknown): CommonSums {
    const { rows, squared, along } = asObject(saved, "sums of what rows have in common");
    return new CommonSums(asNumber(rows, "rows"), asNumber(squared, "squared"), asNumber(along, "along"));
  }
}
