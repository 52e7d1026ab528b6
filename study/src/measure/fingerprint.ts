/**
 * A row's fingerprint: 53 bits from its three lengths and eight of its elements. Rows that are the same have the same one;
 * others hardly ever do, for the lengths are sums over all elements: one bf16 step in one element of 768 moves ‖x‖ by
 * fifty units in its last place. It decides what belongs to a sample, so it must be as good as random.
 */
const value = new Float64Array(1);
const halves = new Uint32Array(value.buffer);
const strides = 8;

export function fingerprint(
  norm: number,
  uniform: number,
  orthogonal: number,
  elements: ArrayLike<number>,
  start: number,
  cols: number,
): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  const step = Math.max(1, Math.floor(cols / strides));
  const take = (x: number) => {
    value[0] = x;
    a = Math.imul(a ^ halves[0], 0xcc9e2d51);
    b = Math.imul(b ^ halves[1], 0x1b873593);
    a = (Math.imul((a << 15) | (a >>> 17), 5) + b) | 0;
    b = (Math.imul((b << 13) | (b >>> 19), 5) + a) | 0;
  };
  take(norm);
  take(uniform);
  take(orthogonal);
  for (let i = 0; i < cols; i += step) take(elements[start + i]);
  return (finish(a) >>> 0) * 2 ** 21 + (finish(b ^ a) >>> 11);
}

/** MurmurHash3's last step: every bit in reaches every bit out. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
