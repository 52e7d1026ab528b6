/** Bounds of the absolute values of some numbers, zeros aside. */
export interface Range {
  largest: number;
  smallest: number;
}

/**
 * A sum of doubles without rounding: the same to the last bit in any order, and so however the numbers are cut into parts.
 *
 * It is kept as doubles that do not overlap, smallest first, whose sum is exact (mostly one or two of them); adding x
 * runs through them with error-free additions. Source: Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997,
 * GROW-EXPANSION; the last rounding as in Python's math.fsum.
 */
export class ExactSum {
  /** Only the first `kept` belong to the sum: cutting the array short and growing it again would allocate again. */
  private readonly parts: number[] = [];
  private kept = 0;

  static of(parts: readonly number[] = []): ExactSum {
    const sum = new ExactSum();
    for (const part of parts) sum.add(part);
    return sum;
  }

  /** @param x a finite number; the sum must stay within the range of doubles */
  add(x: number): void {
    const { parts } = this;
    let kept = 0;
    for (let i = 0; i < this.kept; i++) {
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
    if (x !== 0) parts[kept++] = x;
    this.kept = kept;
  }

  /**
   * Adds the first `count` values, without a loop over the sum's parts for each of them. Every value is cut into pieces at
   * multiples of a power of two, such that the pieces of one power add up without rounding.
   *
   * @param range of their absolute values, where it is known
   */
  addMany(values: Float64Array, count: number, { largest, smallest }: Range = rangeOf(values, count)): void {
    // The upper piece has 27 bits, and adding and subtracting 1.5 · 2⁵² units rounds to a whole unit.
    const unit = 2 ** (Math.ceil(Math.log2(largest)) - 26);
    const first = 1.5 * 2 ** 52 * unit;
    if (count > 1 << 24 || !(unit > 2 ** -900 && first < Number.MAX_VALUE)) {
      for (let i = 0; i < count; i++) this.add(values[i]);
      return;
    }
    // The lower pieces have bits from half a unit down to 2⁻⁵² of their value. They add up exactly as long as their sum fits in
    // 53 bits, which leaves 27 bits for how much smaller a value may be and for how many values there are.
    if (largest * count <= smallest * 2 ** 26) this.addHalves(values, count, first);
    else this.addThirds(values, count, first);
  }

  private addHalves(values: Float64Array, count: number, first: number): void {
    let a = 0;
    let b = 0;
    for (let i = 0; i < count; i++) {
      const x = values[i];
      const high = x + first - first;
      a += high;
      b += x - high;
    }
    this.add(a);
    this.add(b);
  }

  private addThirds(values: Float64Array, count: number, first: number): void {
    const second = first * 2 ** -27;
    const third = second * 2 ** -27;
    let a = 0;
    let b = 0;
    let c = 0;
    for (let i = 0; i < count; i++) {
      const x = values[i];
      const high = x + first - first;
      const rest = x - high;
      const middle = rest + second - second;
      const left = rest - middle;
      const low = left + third - third;
      a += high;
      b += middle;
      c += low;
      if (left !== low) this.add(left - low);
    }
    this.add(a);
    this.add(b);
    this.add(c);
  }

  addAll(other: ExactSum): void {
    for (const part of other.toJSON()) this.add(part);
  }

  /**
   * Adds x `times` times: x is multiplied by each power of two in that number, which is exact.
   *
   * @param times a whole number; below zero, x is taken away
   */
  addTimes(x: number, times: number): void {
    let left = Math.abs(times);
    for (let multiple = times < 0 ? -x : x; left > 0; multiple *= 2) {
      if (left % 2 === 1) this.add(multiple);
      left = Math.floor(left / 2);
    }
  }

  /** The double nearest to the sum, ties to even. */
  get value(): number {
    const { parts } = this;
    let i = this.kept - 1;
    if (i < 0) return 0;
    let high = parts[i];
    let lost = 0;
    while (i > 0 && lost === 0) {
      const y = parts[--i];
      const sum = high + y;
      lost = y - (sum - high);
      high = sum;
    }
    // Half-way between two doubles, the next smaller part decides.
    if (i > 0 && Math.sign(lost) === Math.sign(parts[i - 1])) {
      const twice = 2 * lost;
      const sum = high + twice;
      if (twice === sum - high) return sum;
    }
    return high;
  }

  /** The parts, of which `from` makes the same sum. */
  toJSON(): number[] {
    return this.parts.slice(0, this.kept);
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(saved: unknown): ExactSum {
    if (!Array.isArray(saved) || !saved.every(Number.isFinite)) throw new Error("a sum as a list of finite numbers");
    return ExactSum.of(saved);
  }
}

/** The range of the first `count` values. */
export function rangeOf(values: Float64Array, count: number): Range {
  let largest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const size = Math.abs(values[i]);
    if (size > largest) largest = size;
    if (size < smallest && size > 0) smallest = size;
  }
  return { largest, smallest };
}
