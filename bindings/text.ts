/**
 * Bytes as text that a page's gzip can still see through. In base64 three bytes become four characters, so that equal
 * runs look different at each of three phases: 99 KB of kernels, 17 KB gzipped, came to 30 KB. Here a byte is a
 * character wherever it can be: 17 KB again (`npm run size`).
 *
 * The text begins with the 256 byte values, most frequent first, in hexadecimal. Then comes for each byte its rank: the
 * alphabet's characters from the fourth on stand for the first ranks, those after for two characters, of which the first
 * is one of the first three. All are printable ASCII, without quotes, backslash, backtick, $ and <, which strings and pages
 * would have to escape.
 */
const ALPHABET = " !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";
const PREFIXES = 3;

/** The text of some bytes. */
export function encode(bytes: Uint8Array): string {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a]);
  const direct = ALPHABET.length - PREFIXES;
  const characters = new Array<string>(256);
  for (const [rank, byte] of order.entries()) {
    const over = rank - direct;
    characters[byte] =
      over < 0
        ? ALPHABET[PREFIXES + rank]
        : ALPHABET[Math.floor(over / ALPHABET.length)] + ALPHABET[over % ALPHABET.length];
  }
  const head = order.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return head + Array.from(bytes, (byte) => characters[byte]).join("");
}

/** The bytes of a text. */
export function decode(text: string): Uint8Array<ArrayBuffer> {
  const ranks = new Uint8Array(128);
  for (let i = 0; i < ALPHABET.length; i++) ranks[ALPHABET.charCodeAt(i)] = i;
  const order = Uint8Array.from({ length: 256 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 512; i < text.length; i++) {
    let rank = ranks[text.charCodeAt(i)];
    if (rank >= PREFIXES) rank -= PREFIXES;
    else rank = ALPHABET.length - PREFIXES + rank * ALPHABET.length + ranks[text.charCodeAt(++i)];
    bytes[length++] = order[rank];
  }
  return bytes.slice(0, length);
}
