/**
 * Bytes as text that gzip can still compress. In base64 three bytes become four characters, so that equal runs of bytes
 * look different at each of three phases: the kernels of norm, 15.1 KB gzipped, came to 26.4 KB. Here most bytes are one
 * character, the same one in every text of a family, and the kernels come to what gzip makes of their bytes again.
 *
 * A code says which bytes are one character: those that are frequent, as 256 bits in hexadecimal. A text has for each of
 * them its rank among them, as a character from the fourth of the alphabet on; for the others their rank in two characters,
 * of which the first is one of the alphabet's first three. All are printable ASCII, without quotes, backslash, backtick, $ and <, which
 * strings and pages would have to escape.
 *
 * A loop over a text in JavaScript runs in the interpreter, once, and was half of a cold start (7 ms for 20 KB). So a module of
 * 150 bytes has the loop: assembly/text/decode.ts.
 */
const ALPHABET = " !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";
const PREFIXES = 3;
/** The bytes that are one character. */
const FREQUENT = ALPHABET.length - PREFIXES;
/** Where a text lies in the decoder's memory: after 128 numbers of 16 bits, and a table of 128 bytes for each prefix. */
const TEXT = 256 + 128 * PREFIXES;

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

/** The loop that makes bytes of a text, and the memory that it runs in. */
export interface Decoder {
  readonly memory: WebAssembly.Memory;
  /** From the text that lies between two addresses, its bytes, where the text began. Returns the end of them. */
  readonly decode: (text: number, end: number) => number;
}

/** An instance of assembly/text/decode.ts. One is enough, and better: for each memory V8 reserves 10 GB of addresses. */
export function decoderOf(module: WebAssembly.Module): Decoder {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { decode } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return { memory, decode: decode as Decoder["decode"] };
}

/** The bytes of a text. */
export function decode(code: string, text: string, decoder: Decoder): Uint8Array<ArrayBuffer> {
  const end = TEXT + text.length;
  const { memory } = decoder;
  if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65536));
  const bytes = new Uint8Array(memory.buffer);
  const codes = new Int16Array(memory.buffer, 0, 128);
  const order = bytesIn(code);
  for (let i = 0; i < ALPHABET.length; i++) {
    const character = ALPHABET.charCodeAt(i);
    codes[character] = i < PREFIXES ? ~(256 + 128 * i) : order[i - PREFIXES];
    for (let prefix = 0; prefix < PREFIXES; prefix++) {
      bytes[256 + 128 * prefix + character] = order[FREQUENT + prefix * ALPHABET.length + i]; // 0 beyond the last
    }
  }
  if (typeof TextEncoder === "function") new TextEncoder().encodeInto(text, bytes.subarray(TEXT));
  else for (let i = 0; i < text.length; i++) bytes[TEXT + i] = text.charCodeAt(i); // an AudioWorklet has none
  return bytes.slice(TEXT, decoder.decode(TEXT, end));
}

/** All bytes: the frequent ones of a code, then the others. */
function bytesIn(code: string): number[] {
  const frequent: number[] = [];
  const others: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    ((Number.parseInt(code[byte >> 2], 16) >> (byte & 3)) & 1 ? frequent : others).push(byte);
  }
  return frequent.concat(others);
}
