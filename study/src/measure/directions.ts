/** Random directions with which the uniform vector is compared. */
import { unitRows } from "./unit-rows.js";

/** Below so many dimensions there are too few vectors of ±1: eight directions at d = 4, of which the uniform vector is one. */
const fewestSigns = 16;

/** How many random directions there are. All sites of one d have the same ones, so that their sums merge. */
export const directionCount = 99;

/** So many elements of them are held at a time, in groups of one size. */
const mostHeld = 2 ** 20;

let held: { cols: number; all: Float64Array } | null = null;

/**
 * The uniform vector, then random directions, all at length 1 and the same ones in every run, in groups of one after another. They
 * are vectors of ±1/√d, which spread over all dimensions just as the uniform vector does; in few dimensions, normal vectors, which
 * spread evenly over the sphere. All of them are one group where they have room, and are kept: sites of one d mostly follow each
 * other.
 */
export function comparedDirections(cols: number): Iterable<Float64Array> {
  const all = 1 + directionCount;
  if (all * cols > mostHeld) return groupsOf(cols, Math.max(1, Math.floor(mostHeld / cols)));
  if (held?.cols !== cols) held = { cols, all: [...groupsOf(cols, all)][0] };
  return [held.all];
}

function* groupsOf(cols: number, most: number): Generator<Float64Array> {
  const next = xorshift();
  const random = cols < fewestSigns ? () => normal(next) : () => (next() < 0 ? -1 : 1);
  for (let first = 0; first <= directionCount; first += most) {
    const count = Math.min(most, 1 + directionCount - first);
    const group = new Float64Array(count * cols);
    for (let i = 0; i < group.length; i++) group[i] = first === 0 && i < cols ? 1 : random();
    yield unitRows(group, count, cols);
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
