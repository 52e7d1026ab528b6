/**
 * Bytes as text that a page's gzip can still see through. In base64 three bytes become four characters, so that equal
 * runs look different at each of three phases: 99 KB of kernels, 17 KB gzipped, came to 30 KB. Here a byte is a
 * character wherever it can be, the same one in every text of a family: 17 KB again (`npm run size`).
 *
 * A text has for each byte its rank in a code, the 256 byte values, most frequent first, in hexadecimal: the alphabet's
 * characters from the fourth on stand for the first ranks, those after for two characters, of which the first is one of
 * the first three. All are printable ASCII, without quotes, backslash, backtick, $ and <, which strings and pages would
 * have to escape.
 */
const ALPHABET = " !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";
const PREFIXES = 3;

/** The code for some bytes, and others like them. */
export function codeFor(bytes: Uint8Array): string {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a]);
  return order.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The text of some bytes. */
export function encode(code: string, bytes: Uint8Array): string {
  const direct = ALPHABET.length - PREFIXES;
  const characters = new Array<string>(256);
  for (const [rank, byte] of bytesIn(code).entries()) {
    const over = rank - direct;
    characters[byte] =
      over < 0
        ? ALPHABET[PREFIXES + rank]
        : ALPHABET[Math.floor(over / ALPHABET.length)] + ALPHABET[over % ALPHABET.length];
  }
  return Array.from(bytes, (byte) => characters[byte]).join("");
}

/** The bytes of a text. */
export function decode(code: string, text: string): Uint8Array<ArrayBuffer> {
  const order = bytesIn(code);
  const direct = ALPHABET.length - PREFIXES;
  const ranks = new Uint8Array(128);
  const singles = new Uint8Array(128); // what a character that is no prefix stands for
  for (let i = 0; i < ALPHABET.length; i++) {
    const character = ALPHABET.charCodeAt(i);
    ranks[character] = i;
    if (i >= PREFIXES) singles[character] = order[i - PREFIXES];
  }
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    const rank = ranks[character];
    bytes[length++] =
      rank >= PREFIXES ? singles[character] : order[direct + rank * ALPHABET.length + ranks[text.charCodeAt(++i)]];
  }
  return bytes.slice(0, length);
}

function bytesIn(code: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => Number.parseInt(code.slice(2 * i, 2 * i + 2), 16));
}
