/**
 * What JSON.parse would take without a word, and readers of the format refuse: a name twice, of which it keeps the last; a size
 * written as 40.0; and what would only cost memory, a shape of millions of sizes.
 */

/** More dimensions than any library has. */
const mostSizes = 64;

const [quote, backslash, colon, comma, point] = [...'"\\:,.'].map((sign) => sign.charCodeAt(0));
const [object, objectEnd, array, arrayEnd] = [..."{}[]"].map((sign) => sign.charCodeAt(0));

export interface Fault {
  expected: string;
  got: string;
  /** Whether the text should not even be parsed. */
  costly: boolean;
}

/** The first such fault in the text of a header; null where there is none. */
export function faultIn(bytes: Uint8Array): Fault | null {
  // of the header itself and of the entry under way
  const names: [Set<string>, Set<string>] = [new Set(), new Set()];
  let depth = 0;
  let sizes = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) {
      const end = endOf(bytes, i);
      if (depth <= 2 && bytes[afterSpace(bytes, end)] === colon) {
        const name = new TextDecoder().decode(bytes.subarray(i, end));
        const known = names[depth - 1];
        if (known?.has(name)) return { expected: "every name once", got: `${name} again`, costly: false };
        known?.add(name);
      }
      i = end - 1;
    } else if (byte === object || byte === array) {
      depth++;
      sizes = 0;
      if (depth === 2) names[1].clear();
    } else if (byte === objectEnd || byte === arrayEnd) depth--;
    else if (byte === comma && depth >= 3 && ++sizes >= mostSizes) {
      return { expected: `at most ${mostSizes} sizes in a shape`, got: "more", costly: true };
    } else if (byte === point) {
      return { expected: "sizes that are whole numbers", got: "one with a point", costly: false };
    }
  }
  return null;
}

/** The index after the string that begins at `i`. */
function endOf(bytes: Uint8Array, i: number): number {
  let end = i + 1;
  while (end < bytes.length && bytes[end] !== quote) end += bytes[end] === backslash ? 2 : 1;
  return end + 1;
}

function afterSpace(bytes: Uint8Array, i: number): number {
  let at = i;
  while (bytes[at] === 0x20 || (bytes[at] >= 9 && bytes[at] <= 13)) at++;
  return at;
}
