/**
 * NumPy's .npy: magic, version, header length, a Python dict as text, the array's bytes.
 *
 *   \x93NUMPY 1 0 <u2> {'descr': '<f4', 'fortran_order': False, 'shape': (rows, cols), }
 *
 * Versions 2.0 and 3.0 have a length of 4 bytes, and 3.0 is in UTF-8. The reader is our own because the libraries that are maintained
 * read whole files into memory and check nothing: `npyjs` 1.2.0 finds the shape by a regular expression and takes a Fortran array
 * for a row-major one, `numpy-parser` 1.2.3 knows no f16; neither holds the shape against the size of the file.
 *
 * NumPy has no bfloat16. The package that adds it, ml_dtypes, saves its arrays as raw values of two bytes ('<V2', which
 * NumPy reads back as '|V2') and names the type 'bfloat16'. All three are BF16 here.
 *
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

import type { Container, StoredTensor } from "./container.js";
import { Ending } from "./ending.js";
import { expected } from "./error.js";
import { bitsIn, excerpt, isSizes } from "./header.js";
import { asIs, openArray, type Stored, unreadableArray } from "./npy-array.js";
import { readDescr } from "./npy-dtype.js";
import { type Literal, literalText, parseLiteral, Tuple } from "./python-literal.js";
import { RangeReader } from "./range.js";
import type { Source } from "./source.js";
import { counted, printable } from "./text.js";

export interface NpyHeader {
  /** The name that safetensors has for it; where it has none, NumPy's. */
  dtype: string;
  shape: number[];
  unreadable: string | null;
  /** How the array lies there: in Fortran's order, and with numbers of so many bytes in reverse, or 0. */
  stored: Stored;
  /** Where the array's bytes begin, and how many there are; null where the element's size is not known, in a stream. */
  position: number;
  bytes: number | null;
}

/** A hundred times the limit that NumPy has for files that it is not told to trust. */
const maximumHeader = 1 << 20;

/** @param start the first 8 bytes, which `isNpy` */
export async function openNpy(source: Source, start: Uint8Array): Promise<Container> {
  let taken = start.length;
  const header = await readNpyHeader(source.name, source.size, start, async (into) => {
    await source.read(into, taken);
    taken += into.length;
  });
  const { dtype, shape, position, bytes } = header;
  const unreadable = unreadableArray(header, source.size !== null);
  const name = source.name.replace(/^.*[/\\]/, "").replace(/\.npy$/, "");
  const ending = bytes === null ? null : new Ending(source, position + bytes);
  const finish = async () => ending?.check();
  const tensor: StoredTensor = {
    name,
    dtype,
    shape,
    bytes: bytes ?? 0,
    unreadable,
    async open() {
      if (unreadable !== null) throw cannotOpen(source.name, name, unreadable);
      const inOrder = async () => new RangeReader(source, name, position, tensor.bytes, undefined, finish);
      const place = source.size === null ? null : { source, position, finish };
      return openArray({ name, shape, bytes: tensor.bytes, stored: header.stored }, inOrder, place);
    },
  };
  return { source, format: "npy", metadata: {}, tensors: [tensor], finish };
}

export function isNpy(start: Uint8Array): boolean {
  return String.fromCharCode(...start.subarray(0, 6)) === "\x93NUMPY";
}

/**
 * Reads and checks a header.
 *
 * @param where the file, or file and tensor, in messages
 * @param size of header and array together; null where it is known only at the end
 * @param start the first 8 bytes
 * @param next fills an array with the bytes that follow
 * @throws FileError naming the first thing that does not hold
 */
export async function readNpyHeader(
  where: string,
  size: number | null,
  start: Uint8Array,
  next: (into: Uint8Array) => Promise<void>,
): Promise<NpyHeader> {
  const [major, minor] = start.subarray(6);
  if (major < 1 || major > 3 || minor !== 0) {
    throw expected(where, "a NumPy header of version 1.0, 2.0 or 3.0", `${major}.${minor}`);
  }
  const width = major === 1 ? 2 : 4;
  const length = new Uint8Array(4);
  fits(8 + width, "its beginning");
  await next(length.subarray(0, width));
  const headerBytes = new DataView(length.buffer).getUint32(0, true);
  if (headerBytes > maximumHeader) {
    throw expected(where, `a NumPy header of at most ${maximumHeader} bytes`, `a header length of ${headerBytes}`);
  }
  const position = 8 + width + headerBytes;
  fits(position, `${headerBytes}`);
  const bytes = new Uint8Array(headerBytes);
  await next(bytes);

  const { descr, shape, fortran } = parseHeader(where, decode(where, bytes, major));
  const { dtype, bits, swapped, unreadable } = readDescr(where, descr);
  const rest = size === null ? null : size - position;
  if (bits === null) return { dtype, shape, unreadable, stored: asIs, position, bytes: rest };

  const needed = bitsIn(shape, bits);
  if (needed === null || (rest !== null && rest !== needed / 8)) {
    const what = needed === null ? "a number of bytes that can be addressed" : counted(needed / 8, "byte");
    const array = `${excerpt(literalText(descr))} ${literalText(new Tuple(shape))}`;
    throw expected(where, `${what} of data, what ${array} takes`, rest === null ? "more" : `${rest}`);
  }
  // With at most one size above 1, both orders are the same.
  const transposed = fortran && !shape.includes(0) && shape.filter((n) => n > 1).length > 1;
  const turnable = [8, 16, 32, 64].includes(bits);
  return {
    dtype,
    shape,
    unreadable: unreadable ?? (transposed && !turnable ? "in Fortran's order (save np.ascontiguousarray of it)" : null),
    stored: { fortran: transposed, swapped },
    position,
    bytes: needed / 8,
  };

  function fits(end: number, claim: string): void {
    if (size !== null && end > size) {
      throw expected(
        where,
        "a NumPy header that fits in the file",
        `${counted(size, "byte")}, of which it claims ${claim}`,
      );
    }
  }
}

/** Version 3.0 is in UTF-8, the others in Latin-1. They differ in field names only, for all else is ASCII. */
function decode(where: string, bytes: Uint8Array, major: number): string {
  // Not by a TextDecoder: its latin1 is Windows-1252.
  if (major !== 3) return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw expected(where, "a NumPy header in UTF-8", "bytes that are not");
  }
}

function parseHeader(where: string, text: string): { descr: Literal; shape: number[]; fortran: boolean } {
  const header = parseLiteral(text);
  if (!(header instanceof Map)) {
    throw expected(where, "a NumPy header that is a Python dict", excerpt(text.trim()) || "nothing");
  }
  const keys = [...header.keys()].sort().join(", ");
  if (keys !== "descr, fortran_order, shape") {
    throw expected(where, "a NumPy header of descr, fortran_order and shape", excerpt(keys) || "none of them");
  }
  const fortran = header.get("fortran_order") as Literal;
  if (typeof fortran !== "boolean") {
    throw expected(where, "fortran_order to be True or False", excerpt(literalText(fortran)));
  }
  const shape = header.get("shape") as Literal;
  if (!(shape instanceof Tuple) || !isSizes(shape.items)) {
    throw expected(where, "shape to be a tuple of non-negative integers", excerpt(literalText(shape)));
  }
  return { descr: header.get("descr") as Literal, shape: [...shape.items], fortran };
}

/** A tensor with a sound header that cannot be read. */
export function cannotOpen(file: string, tensor: string, reason: string): Error {
  return expected(file, `tensor "${printable(tensor)}" to be one that can be read`, `one that is ${reason}`);
}
