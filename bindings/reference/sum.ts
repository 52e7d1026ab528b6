/** A number as an unevaluated sum: `hi` is the number rounded to f64, `lo` what the rounding left over. */
export interface Pair {
  hi: number;
  lo: number;
}

/** A running sum that keeps what each addition rounds away (Neumaier 1974). */
export class NeumaierSum {
  #sum = 0;
  #lost = 0;

  add(value: number): void {
    const sum = this.#sum + value;
    // The larger operand survives the addition whole, so subtracting it back out shows what the smaller one lost.
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }

  get pair(): Pair {
    const hi = this.#sum + this.#lost;
    return { hi, lo: this.#sum - hi + this.#lost };
  }

  get value(): number {
    return this.#sum + this.#lost;
  }
}

/** The upper half of a number's digits (Veltkamp): two such halves multiply without rounding. */
function upperHalf(value: number): number {
  const shifted = value * 134217729; // 2^27 + 1
  return shifted - (shifted - value);
}

/** The rounding error of a product: `a·b = product + productError(a, b, product)` exactly (Dekker 1971). */
export function productError(a: number, b: number, product: number): number {
  const aHi = upperHalf(a);
  const bHi = upperHalf(b);
  const aLo = a - aHi;
  const bLo = b - bHi;
  return aLo * bLo - (product - aHi * bHi - aLo * bHi - aHi * bLo);
}

/** The dot product a·b, as if computed in twice the precision (Ogita, Rump, Oishi 2005). */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): Pair {
  const sum = new NeumaierSum();
  for (let i = 0; i < a.length; i++) {
    const product = a[i] * b[i];
    sum.add(product);
    sum.add(productError(a[i], b[i], product));
  }
  return sum.pair;
}

/** The quotient of two pairs, as a pair: the first two steps of long division, with f64 numbers as digits. */
export function divide(numerator: Pair, denominator: Pair): Pair {
  const hi = numerator.hi / denominator.hi;
  const product = hi * denominator.hi;
  const remainder =
    numerator.hi - product - productError(hi, denominator.hi, product) + numerator.lo - hi * denominator.lo;
  return { hi, lo: remainder / denominator.hi };
}

/** The Euclidean length √(Σ xᵢ²) of values near 1. */
export function length(values: ArrayLike<number>): number {
  return Math.sqrt(dot(values, values).hi);
}
