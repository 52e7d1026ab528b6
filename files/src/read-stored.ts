/** One tensor of an open file, for those who need none of the formats' readers. */
import type { StoredTensor } from "./container.js";
import { type ArrayDType, arrayOf, hasArray, type TensorArray } from "./dtype.js";
import { expected } from "./error.js";
import { printable } from "./text.js";

/** A tensor in memory. */
export interface ReadTensor<T extends TensorArray = TensorArray> {
  dtype: ArrayDType;
  shape: readonly number[];
  /** Row-major. Halves are their bits, in a Uint16Array. */
  data: T;
}

/**
 * Reads a tensor straight into the array that is returned.
 *
 * @param file what the file is called in messages
 * @throws FileError where it cannot be read, or where JavaScript has no array for its element type
 */
export async function readStored(tensor: StoredTensor, file: string): Promise<ReadTensor> {
  const { name, dtype, shape, bytes, unreadable } = tensor;
  if (unreadable === null && !hasArray(dtype)) {
    const readable = Object.keys(arrayOf).join(", ");
    throw expected(file, `tensor "${printable(name)}" to be of ${readable}`, dtype);
  }
  // An unreadable one says why when it is opened.
  const reader = await tensor.open();
  try {
    const bytesRead = allocate(file, name, bytes);
    await reader.read(bytesRead);
    const kind = dtype as ArrayDType;
    return { dtype: kind, shape, data: new arrayOf[kind](bytesRead.buffer) };
  } finally {
    await reader.close();
  }
}

function allocate(file: string, name: string, bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw expected(file, `tensor "${printable(name)}" to fit in an array`, `${bytes} bytes (${error.message})`);
  }
}
