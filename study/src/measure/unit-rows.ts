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
