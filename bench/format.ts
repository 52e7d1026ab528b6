/** Numbers as the benches print them. */

/** Nanoseconds in the unit that suits, to three digits. */
export function duration(nanoseconds: number): string {
  const [value, unit] =
    nanoseconds < 1e3
      ? [nanoseconds, "ns"]
      : nanoseconds < 1e6
        ? [nanoseconds / 1e3, "µs"]
        : nanoseconds < 1e9
          ? [nanoseconds / 1e6, "ms"]
          : [nanoseconds / 1e9, "s"];
  return `${digits(value)} ${unit}`;
}

/** Three digits, never an exponent. */
export const digits = (x: number) => x.toFixed(x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2);

/** Four significant digits, as records keep them. */
export const round = (x: number) => Number(x.toPrecision(4));
