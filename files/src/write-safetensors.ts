/**
 * Writes safetensors as bytes that flow: a header, then the tensors one after another. Nothing is held whole but
 * the header, so a model of any size can be written. Where the bytes go is up to the caller; save.ts writes them to a disk.
 *
 * As in the format's Rust implementation, tensors of wider element types come first, and the header is padded with blanks to a
 * multiple of 8 bytes. So every tensor begins at a multiple of its element's size.
 */
import { arrayOf, bitsOf, hasArray, type TensorArray } from "./dtype.js";
import { bitsIn, excerpt, isObject, isSizes, kindOf } from "./header.js";
import { maximumHeader } from "./safetensors.js";
import { counted, printable } from "./text.js";

/** A tensor to be written. */
export interface GivenTensor {
  name: string;
  /** In safetensors' words: F32, BF16, I64 … */
  dtype: string;
  /** Row-major. */
  shape: readonly number[];
  /**
   * The typed array of the element type (of halves: their bits), or the bytes, little-endian: whole, or in chunks of any size,
   * which are asked for one by one. A chunk's memory can be used again when the next one is asked for.
   */
  data: TensorArray | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export type Metadata = Readonly<Record<string, string>>;

/** A tensor that was checked: how many bytes it takes, besides what was given. */
export interface SizedTensor extends GivenTensor {
  bytes: number;
}

/**
 * Checks all that can be known before the first byte is written.
 *
 * @param op what the errors begin with
 * @returns the tensors in the order given
 * @throws TypeError, RangeError naming the tensor and what does not hold
 */
export function checkTensors(op: string, tensors: Iterable<GivenTensor>, metadata: Metadata): SizedTensor[] {
  if (!isObject(metadata))
    throw new TypeError(`${op}: metadata expected an object of strings, got ${kindOf(metadata)}`);
  for (const [key, text] of Object.entries(metadata)) {
    checkText(op, `metadata key "${printable(key)}"`, key);
    if (typeof text !== "string") {
      throw new TypeError(`${op}: metadata "${printable(key)}" expected a string, got ${typeof text}`);
    }
    checkText(op, `metadata "${printable(key)}"`, text);
  }
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors)) {
    throw new TypeError(`${op}: tensors expected an array of tensors, got ${kindOf(tensors)}`);
  }
  const names = new Set<string>();
  return Array.from(tensors, (tensor) => {
    if (!isObject(tensor)) {
      throw new TypeError(`${op}: tensor expected an object of name, dtype, shape and data, got ${kindOf(tensor)}`);
    }
    const { name } = tensor;
    if (typeof name !== "string") throw new TypeError(`${op}: name expected a string, got ${typeof name}`);
    const where = `${op}: tensor "${printable(name)}"`;
    checkText(op, `tensor "${printable(name)}"`, name);
    if (name === "__metadata__") throw new RangeError(`${where} expected a name that the format has not reserved`);
    if (names.has(name)) throw new RangeError(`${where} expected once, got it twice`);
    names.add(name);
    return { ...tensor, bytes: bytesOf(where, tensor) };
  });
}

/** Refuses options that are none: a name that is misspelt would be ignored. */
export function checkOptions(op: string, options: unknown, names: readonly string[]): void {
  if (!isObject(options)) throw new TypeError(`${op}: options expected an object, got ${kindOf(options)}`);
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new TypeError(`${op}: options expected ${names.join(", ")}, got "${printable(name)}"`);
    }
  }
}

/** Half a surrogate pair is no character, and other readers of JSON refuse it. */
function checkText(op: string, what: string, text: string): void {
  if (/\p{Cs}/u.test(text)) throw new RangeError(`${op}: ${what} expected whole characters, got half a surrogate pair`);
}

function bytesOf(where: string, { dtype, shape, data }: GivenTensor): number {
  if (typeof dtype !== "string" || !Object.hasOwn(bitsOf, dtype)) {
    throw new RangeError(`${where} dtype expected ${Object.keys(bitsOf).join(", ")}, got ${excerpt(String(dtype))}`);
  }
  if (!isSizes(shape)) {
    throw new RangeError(
      `${where} shape expected non-negative integers, got ${excerpt(JSON.stringify(shape) ?? "none")}`,
    );
  }
  const bits = bitsIn(shape, bitsOf[dtype]);
  if (bits === null || bits % 8 !== 0) {
    throw new RangeError(`${where} expected whole bytes that can be addressed, got ${dtype} [${shape.join(", ")}]`);
  }
  if (ArrayBuffer.isView(data)) {
    const kind = kindOfArray(data);
    const wanted = hasArray(dtype) ? arrayOf[dtype].name : "Uint8Array";
    if (kind !== wanted && kind !== "Uint8Array") {
      throw new TypeError(`${where} data expected ${wanted} for ${dtype}, or a Uint8Array of bytes, got ${kind}`);
    }
    if (data.byteLength !== bits / 8) throw wrongBytes(where, bits / 8, data.byteLength, dtype, shape);
  } else if (!isIterable(data)) {
    throw new TypeError(`${where} data expected a typed array or chunks of bytes, got ${kindOfArray(data)}`);
  }
  return bits / 8;
}

/** By its tag and not by instanceof: arrays of another realm (a frame, a test runner) are as good. */
function kindOfArray(value: unknown): string {
  if (ArrayBuffer.isView(value)) return (value as TensorArray)[Symbol.toStringTag];
  return value === null ? "null" : typeof value;
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function wrongBytes(where: string, wanted: number, got: number, dtype: string, shape: readonly number[]): RangeError {
  return new RangeError(`${where} (${dtype} [${shape.join(", ")}]) expected ${counted(wanted, "byte")}, got ${got}`);
}

/**
 * The file's bytes, chunk by chunk.
 *
 * @param tensors as `checkTensors` returned them
 * @throws RangeError where the chunks of a tensor are more or fewer bytes than its shape takes
 */
export async function* safetensorsBytes(
  op: string,
  tensors: readonly SizedTensor[],
  metadata: Metadata,
): AsyncGenerator<Uint8Array> {
  const ordered = [...tensors].sort((a, b) => bitsOf[b.dtype] - bitsOf[a.dtype]);
  yield header(op, ordered, metadata);
  for (const { name, dtype, shape, bytes, data } of ordered) {
    const where = `${op}: tensor "${printable(name)}"`;
    let done = 0;
    for await (const chunk of ArrayBuffer.isView(data) ? [asBytes(data)] : data) {
      if (kindOfArray(chunk) !== "Uint8Array") {
        throw new TypeError(`${where} chunk expected a Uint8Array, got ${kindOfArray(chunk)}`);
      }
      done += chunk.length;
      if (done > bytes) throw wrongBytes(where, bytes, done, dtype, shape);
      yield chunk;
    }
    if (done < bytes) throw wrongBytes(where, bytes, done, dtype, shape);
  }
}

function asBytes({ buffer, byteOffset, byteLength }: TensorArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Written name by name: an object would put names like "10" before all others, and take "__proto__" for something else. */
function header(op: string, tensors: readonly SizedTensor[], metadata: Metadata): Uint8Array {
  const entries: string[] = [];
  if (Object.keys(metadata).length > 0) entries.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const begin = end;
    end += bytes;
    if (!Number.isSafeInteger(end))
      throw new RangeError(`${op}: tensors expected bytes that can be addressed, got ${end}`);
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const text = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > maximumHeader) {
    throw new RangeError(`${op}: tensors expected a header of at most ${maximumHeader} bytes, got ${length}`);
  }
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}
