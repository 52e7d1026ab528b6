/** Rows at length 1, whose dot products are cosines. */

/** The first n rows as doubles at length 1. The largest element is divided out first, because squares of f64 rows may leave the range. */
export function unitRows(rows: Float32Array | Float64Array, n: number, cols: number): Float64Array {
  const units = Float64Array.from(rows.subarray(0, n * cols));
  for (let start = 0; start < units.length; start += cols) {
    const end = start + cols;
    let largest = 0;
    for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(units[i]));
    let squares = 0;
    for (let i = start; i < end; i++) {
      units[i] /= largest;
      squares += units[i] * units[i];
    }
    const length = Math.sqrt(squares);
    for (let i = start; i < end; i++) units[i] /= length;
  }
  return units;
}

/**
 * The dot products of a row with `many` others that lie one after another. They are taken four at a time, so that an addition does
 * not wait for the one before, and an element of the row is fetched once for four.
 *
 * @param row, others where the row and the first of the others begin
 */
export function dots(
  a: Float64Array,
  row: number,
  b: Float64Array,
  others: number,
  cols: number,
  many: number,
  into: Float64Array,
): void {
  let at = 0;
  for (; at + 3 < many; at += 4) {
    const first = others + at * cols;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < cols; i++) {
      const x = a[row + i];
      s0 += x * b[first + i];
      s1 += x * b[first + cols + i];
      s2 += x * b[first + 2 * cols + i];
      s3 += x * b[first + 3 * cols + i];
    }
    into[at] = s0;
    into[at + 1] = s1;
    into[at + 2] = s2;
    into[at + 3] = s3;
  }
  for (; at < many; at++) {
    let sum = 0;
    for (let i = 0; i < cols; i++) sum += a[row + i] * b[others + at * cols + i];
    into[at] = sum;
  }
}
