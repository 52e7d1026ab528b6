/**
 * A row's fingerprint: 53 bits, 32 from ‖x‖ and x·1̂ and 21 from those and all its elements. Rows that are the same have the
 * same one, others hardly ever do: mostly by their lengths, which one bf16 step in one element of 768 moves by fifty units
 * in their last place; one-hot rows, signs and permutations by nothing but where their elements stand. It decides what
 * belongs to a sample, so it must be as good as random.
 *
 * The upper bits alone mostly tell that a row is not wanted, and its elements need not be fetched.
 */
export const lowerRange = 2 ** 21;

/** The fingerprint with zeros for its lower bits, which `elementsPrint` adds. @param columns doubles, two words each */
export function lengthsPrint(norm: Uint32Array, uniform: Uint32Array, row: number): number {
  const low = 2 * row;
  // Both words at once: of a float's double the lower one has but three bits.
  const a = Math.imul(norm[low + 1], 0x9e3779b1) + norm[low];
  const b = Math.imul(uniform[low + 1], 0x9e3779b1) + uniform[low];
  return (finish(mix(mix(0, a), b)) >>> 0) * lowerRange;
}

/** @param elements of all rows as they are stored, in words of 16 or 32 bits, `size` a row, of which it begins at `start` */
export function elementsPrint(
  lengths: number,
  elements: Uint16Array | Uint32Array,
  start: number,
  size: number,
): number {
  const end = start + size;
  // Four at a time, which do not wait for each other.
  let a = lengths / lowerRange;
  let b = 1;
  let c = 2;
  let d = 3;
  let i = start;
  for (; i < end - 3; i += 4) {
    a = mix(a, elements[i]);
    b = mix(b, elements[i + 1]);
    c = mix(c, elements[i + 2]);
    d = mix(d, elements[i + 3]);
  }
  for (; i < end; i++) a = mix(a, elements[i]);
  return finish(mix(mix(mix(a, b), c), d)) >>> 11;
}

/** A round of xxHash32. */
function mix(hash: number, word: number): number {
  const h = (hash + Math.imul(word, 0x85ebca77)) | 0;
  return Math.imul((h << 13) | (h >>> 19), 0x9e3779b1);
}

/** MurmurHash3's last step: every bit in reaches every bit out. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
