/** Random directions with which the uniform vector is compared. */
import { unitRows } from "./unit-rows.js";

/** Below so many dimensions there are too few vectors of ±1: eight directions at d = 4, of which the uniform vector is one. */
const fewestSigns = 16;

/** How many random directions there are. All sites of one d have the same ones, so that their sums merge. */
export const directionCount = 99;

/** With the uniform vector they are in groups of so many. */
export const together = 4;

/** Those of the last d are kept where they have at most so many elements: sites of one d mostly follow each other. */
const mostKept = 2 ** 20;

let kept: { cols: number; groups: Float64Array[] } | null = null;

/**
 * The uniform vector, then random directions, all at length 1 and the same ones in every run, four of them one after another. They
 * are vectors of ±1/√d, which spread over all dimensions just as the uniform vector does; in few dimensions, normal vectors, which
 * spread evenly over the sphere.
 */
export function comparedDirections(cols: number): Iterable<Float64Array> {
  if (cols * (1 + directionCount) > mostKept) return groupsOf(cols);
  if (kept?.cols !== cols) kept = { cols, groups: [...groupsOf(cols)] };
  return kept.groups;
}

function* groupsOf(cols: number): Generator<Float64Array> {
  const next = xorshift();
  const random = cols < fewestSigns ? () => normal(next) : () => (next() < 0 ? -1 : 1);
  for (let first = 0; first <= directionCount; first += together) {
    const group = new Float64Array(together * cols);
    if (first === 0) group.fill(1, 0, cols);
    for (let i = first === 0 ? cols : 0; i < group.length; i++) group[i] = random();
    yield unitRows(group, together, cols);
  }
}

/** Integers of 32 bits. Source: G. Marsaglia, Xorshift RNGs, 2003. */
function xorshift(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** Source: Box and Muller, A Note on the Generation of Random Normal Deviates, 1958. */
function normal(next: () => number): number {
  const uniform = () => ((next() >>> 0) + 0.5) / 2 ** 32;
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
