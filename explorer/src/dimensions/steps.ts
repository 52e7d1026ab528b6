/** The d of the slider: from 3 to 4096 by twelfths of an octave, in which every 2ⁿ and 3·2ⁿ is met exactly. */

export const fewest = 3;
export const most = 4096;
export const first = 768;

/** 3, 4, 6, 8, 12, … 3072, 4096: what an arrow key goes to. */
export const anchors: readonly number[] = Array.from({ length: 12 }, (_, n) => [3 * 2 ** (n - 1), 2 ** (n + 1)])
  .flat()
  .filter((d) => d >= fewest && d <= most && Number.isInteger(d))
  .sort((a, b) => a - b);

/** All of them; few dimensions are less than a whole number apart and come once. */
export const steps: readonly number[] = [
  ...new Set(
    anchors.slice(0, -1).flatMap((low, i) => {
      const high = anchors[i + 1];
      // from 3 to 4 is a fourth, five twelfths of an octave, and from 4 to 6 a fifth, seven
      const pieces = high * 3 === low * 4 ? 5 : 7;
      return Array.from({ length: pieces }, (_, piece) => Math.round(low * (high / low) ** (piece / pieces)));
    }),
  ),
  most,
];

/** Where the slider stands for a d: of those that it has, the one at the least ratio. */
export function indexOf(d: number): number {
  const distance = (of: number) => Math.abs(Math.log(of / d));
  return steps.reduce((best, of, i) => (distance(of) < distance(steps[best]) ? i : best), 0);
}

/** The next anchor above (`sign` 1) or below (−1), or the last one. */
export function nextAnchor(d: number, sign: number): number {
  return sign > 0 ? (anchors.find((of) => of > d) ?? most) : ([...anchors].reverse().find((of) => of < d) ?? fewest);
}

/** The d that an address asks for: what is none is the first view's. */
export function readD(search: string): number {
  const text = new URLSearchParams(search).get("d") ?? "";
  const d = /^\d{1,4}$/.test(text) ? Number(text) : first;
  return steps[indexOf(Math.min(most, Math.max(fewest, d)))];
}
