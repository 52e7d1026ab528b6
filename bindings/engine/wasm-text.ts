/**
 * Bytes as text that gzip can still compress. In base64 three bytes become four characters, so that equal runs of bytes
 * look different at each of three phases: the kernels of norm, 15.1 KB gzipped, came to 26.4 KB. Here most bytes are one
 * character, the same one in every text of a family, and the kernels come to what gzip makes of their bytes again.
 *
 * A code says which bytes are one character: those that are frequent, as 256 bits in hexadecimal. A text has for each of
 * them its rank among them, as a character from the fourth of the alphabet on; for the others their rank in two characters,
 * of which the first is one of the alphabet's first three. All are printable ASCII, without quotes, backslash, backtick, $ and <, which
 * strings and pages would have to escape.
 */
const ALPHABET = " !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";
const PREFIXES = 3;
/** The bytes that are one character. */
const FREQUENT = ALPHABET.length - PREFIXES;

/** The code that suits some bytes, and others like them. */
export function codeFor(bytes: Uint8Array): string {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a]);
  const digits = new Array<number>(64).fill(0);
  for (const byte of order.slice(0, FREQUENT)) digits[byte >> 2] |= 1 << (byte & 3);
  return digits.map((digit) => digit.toString(16)).join("");
}

/** The text of some bytes. */
export function encode(code: string, bytes: Uint8Array): string {
  const characters = new Array<string>(256);
  for (const [rank, byte] of bytesIn(code).entries()) {
    const over = rank - FREQUENT;
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
  const ranks = new Uint8Array(128);
  const singles = new Uint8Array(128); // the byte that a character stands for by itself
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
      rank >= PREFIXES ? singles[character] : order[FREQUENT + rank * ALPHABET.length + ranks[text.charCodeAt(++i)]];
  }
  return bytes.slice(0, length);
}

/** All bytes: the frequent ones of a code, then the others. */
function bytesIn(code: string): number[] {
  const frequent = (byte: number) => (Number.parseInt(code[byte >> 2], 16) >> (byte & 3)) & 1;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return [...bytes.filter(frequent), ...bytes.filter((byte) => !frequent(byte))];
}
