/**
 * A sum of doubles without rounding: the same to the last bit in any order, and so however a study was cut into parts.
 *
 * It is kept as doubles that do not overlap, smallest first, whose sum is exact (mostly one or two of them); adding x
 * runs through them with error-free additions. Source: Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997,
 * GROW-EXPANSION; the last rounding as in Python's math.fsum.
 */
export class ExactSum {
  private constructor(private readonly parts: number[]) {}

  static of(parts: readonly number[] = []): ExactSum {
    const sum = new ExactSum([]);
    for (const part of parts) sum.add(part);
    return sum;
  }

  /** @param x a finite number; the sum must stay within the range of doubles */
  add(x: number): void {
    const { parts } = this;
    let kept = 0;
    for (let i = 0; i < parts.length; i++) {
      let y = parts[i];
      if (Math.abs(x) < Math.abs(y)) {
        const larger = y;
        y = x;
        x = larger;
      }
      const sum = x + y;
      const lost = y - (sum - x);
      if (lost !== 0) parts[kept++] = lost;
      x = sum;
    }
    parts.length = kept;
    if (x !== 0) parts.push(x);
  }

  addAll(other: ExactSum): void {
    for (const part of other.parts.slice()) this.add(part);
  }

  /** The double nearest to the sum, ties to even. */
  get value(): number {
    const { parts } = this;
    let i = parts.length - 1;
    if (i < 0) return 0;
    let high = parts[i];
    let lost = 0;
    while (i > 0 && lost === 0) {
      const y = parts[--i];
      const sum = high + y;
      lost = y - (sum - high);
      high = sum;
    }
    // half-way between two doubles, and something below that decides
    if (i > 0 && Math.sign(lost) === Math.sign(parts[i - 1])) {
      const twice = 2 * lost;
      const sum = high + twice;
      if (twice === sum - high) return sum;
    }
    return high;
  }

  /** What `of` makes the same sum of. */
  toJSON(): number[] {
    return this.parts.slice();
  }
}
