/**
 * Exact arithmetic on f64 values: every finite f64 is a whole number of 2^-1074, the smallest subnormal, so sums and
 * products of them are BigInt sums and products, and a square root is an integer square root.
 */

/** Results are whole numbers of 2^-fixedBits. */
const fixedBits = 300n;

/** `value` in units of 2^-1074. */
export function toUnits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const field = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  // A subnormal, field 0, has the scale of field 1 and no leading 1.
  const magnitude = field === 0n ? fraction : (fraction | (1n << 52n)) << (field - 1n);
  return bits >> 63n ? -magnitude : magnitude;
}

/** LayerNorm without weight and bias, in units of 2^-fixedBits. */
export function exactLayerNorm(x: ArrayLike<number>, eps: number): bigint[] {
  const units = Array.from(x, toUnits);
  const n = BigInt(units.length);
  const total = sum(units);
  // n times the deviations; their squares then sum to n³ times the variance.
  const deviations = units.map((value) => n * value - total);
  const scale = sum(deviations.map((value) => value * value)) + n ** 3n * (toUnits(eps) << 1074n);
  return deviations.map((value) => signedRoot(value, n, scale));
}

/** RMSNorm without weight and bias, in units of 2^-fixedBits. */
export function exactRmsNorm(x: ArrayLike<number>, eps: number): bigint[] {
  const units = Array.from(x, toUnits);
  const n = BigInt(units.length);
  const scale = sum(units.map((value) => value * value)) + n * (toUnits(eps) << 1074n);
  return units.map((value) => signedRoot(value, n, scale));
}

/** x − (x·d / d·d) d, in units of 2^-fixedBits. */
export function exactReject(x: ArrayLike<number>, d: ArrayLike<number>): bigint[] {
  const units = Array.from(x, toUnits);
  const direction = Array.from(d, toUnits);
  const along = sum(units.map((value, i) => value * direction[i]));
  const square = sum(direction.map((value) => value * value));
  return units.map((value, i) => ((value * square - along * direction[i]) << fixedBits) / (square << 1074n));
}

/** (z − bias)/(weight·rstd) + mean of one row, in units of 2^-fixedBits. */
export function exactInverse(
  z: ArrayLike<number>,
  { mean, rstd, weight, bias }: { mean: number; rstd: number; weight: ArrayLike<number>; bias: ArrayLike<number> },
): bigint[] {
  const shift = (toUnits(mean) << fixedBits) >> 1074n;
  return Array.from(z, (value, i) => {
    const scale = toUnits(weight[i]) * toUnits(rstd);
    return ((toUnits(value) - toUnits(bias[i])) << (1074n + fixedBits)) / scale + shift;
  });
}

/** The mean, in units of 2^-fixedBits. */
export function exactMean(x: ArrayLike<number>): bigint {
  return (sum(Array.from(x, toUnits)) << fixedBits) / (BigInt(x.length) << 1074n);
}

/** Differences actual − exact as plain numbers. */
export function exactErrors(actual: ArrayLike<number>, exact: bigint[]): number[] {
  return exact.map((value, i) => fromFixed(((toUnits(actual[i]) << fixedBits) >> 1074n) - value));
}

/** The f64 number nearest to an exact result (to within a rounding of the conversion). */
export function fromFixed(value: bigint): number {
  // In two steps, so that neither the integer nor the power of two leaves f64's range.
  const shift = BigInt(Math.max(0, value.toString(2).length - 64));
  return Number(value >> shift) * 2 ** Number(shift - fixedBits);
}

/** value·√(n / scale) in units of 2^-fixedBits, rounded towards 0. */
function signedRoot(value: bigint, n: bigint, scale: bigint): bigint {
  const root = squareRoot(((value * value * n) << (2n * fixedBits)) / scale);
  return value < 0n ? -root : root;
}

/** The largest integer whose square is at most `value` (Newton). */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function sum(values: bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

/** 1/√(σ² + eps), in units of 2^-fixedBits. */
export function exactRstd(x: ArrayLike<number>, eps: number): bigint {
  const units = Array.from(x, toUnits);
  const n = BigInt(units.length);
  const total = sum(units);
  const squares = units.map((value) => (n * value - total) ** 2n);
  return signedRoot(n << 1074n, n, sum(squares) + n ** 3n * (toUnits(eps) << 1074n));
}
