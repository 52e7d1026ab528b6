/** The mean and the largest of numbers that are zero or more, as a summary that merges. */
import { ExactSum } from "./exact-sum.js";
import { asNumber, asObject } from "./saved.js";

export class MeanMax {
  private constructor(
    private readonly sum: ExactSum,
    private max: number,
  ) {}

  static of(): MeanMax {
    return new MeanMax(ExactSum.of(), 0);
  }

  /** Adds a value as often as it occurs. */
  add(value: number, times: number): void {
    this.sum.addTimes(value, times);
    this.max = Math.max(this.max, value);
  }

  addAll(other: MeanMax): void {
    this.sum.addAll(other.sum);
    this.max = Math.max(this.max, other.max);
  }

  /** @param count of the values that were added */
  over(count: number): { mean: number; max: number } {
    return { mean: this.sum.value / count, max: this.max };
  }

  /** @throws Error in words of what was expected, unless the value is what JSON makes of a MeanMax */
  static from(saved: unknown): MeanMax {
    const { sum, max } = asObject(saved, "a sum and a maximum");
    return new MeanMax(ExactSum.from(sum), asNumber(max, "max"));
  }
}
