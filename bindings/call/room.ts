// How much room a projection needs in which its kernel arranges rows of x, and widens rows of W.

/** How many elements of x are arranged at a time: in f32 384 KiB, for which a second-level cache of 512 KiB has room beside W. */
export const BLOCK_ELEMENTS = 98304;

/**
 * How many elements are normalised and arranged at a time, before k rows of W. Where the norm is a large part of the work it is half of what
 * `linear` arranges, for they are in cache twice: 2048 × 4096 → 64 takes 0.91 of the time of the two calls, and with all of it 0.94. Else W
 * would be read twice as often: 512 × 768 → 768 takes 1.01 to 1.03, and with all of it 1.00 to 1.01 (`npm run bench:norm-linear`).
 */
export const normElements = (k: number): number => (k <= FEW ? BLOCK_ELEMENTS / 2 : BLOCK_ELEMENTS);
const FEW = 256;

/** How many bytes of W are widened at a time, where its elements are smaller than lanes: half of a first-level cache of 32 KiB. */
const WIDENED_BYTES = 16384;

/** How many rows of x are arranged at a time, a multiple of 4, of so many elements at most. @param width of a vector */
export function blockOf(rows: number, cols: number, width: number, elements: number): number {
  return Math.max(4, Math.min(Math.floor(elements / padded(cols, width)), rows + 3) & -4);
}

/** Bytes for such a block, and for rows of W where they are widened. @param lane bytes of an arranged element */
export function bytesArranged(block: number, cols: number, width: number, lane: number, widens: boolean): number {
  const row = padded(cols, width) * lane;
  const widened = widens ? Math.max(4, Math.floor(WIDENED_BYTES / row)) : 0;
  return (block + widened) * row;
}

/** Rows as the kernel arranges them: of whole vectors. */
const padded = (cols: number, width: number): number => Math.ceil(cols / width) * width;
