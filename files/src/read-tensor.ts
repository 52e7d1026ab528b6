import type { Container } from "./container.js";
import { type ArrayDType, arrayOf, hasArray, type TensorArray } from "./dtype.js";
import { expected } from "./error.js";
import { openContainer } from "./open.js";
import type { Source } from "./source.js";
import { listed, printable } from "./text.js";

/** A tensor in memory. */
export interface ReadTensor<T extends TensorArray = TensorArray> {
  dtype: ArrayDType;
  shape: readonly number[];
  /** Row-major. Halves are their bits, in a Uint16Array. */
  data: T;
}

/**
 * Reads one tensor of a file, straight into the array that is returned: there is no second copy, and of the others nothing is
 * read.
 *
 * @param from a file's tensors, or the file: its header is then read too. It stays open either way
 * @throws FileError where there is no tensor of that name, where it cannot be read, or where JavaScript has no array for its
 * element type
 */
export async function readTensor(from: Container | Source, name: string): Promise<ReadTensor> {
  const container = "tensors" in from ? from : await openContainer(from);
  const { tensors, source } = container;
  const tensor = tensors.find((one) => one.name === name);
  if (tensor === undefined) {
    const got = tensors.length === 0 ? "no tensor at all" : listed(tensors.map((one) => printable(one.name)));
    throw expected(source.name, `a tensor "${printable(name)}"`, got);
  }
  const { dtype, shape, bytes, unreadable } = tensor;
  if (unreadable === null && !hasArray(dtype)) {
    const readable = Object.keys(arrayOf).join(", ");
    throw expected(source.name, `tensor "${printable(name)}" to be of ${readable}`, dtype);
  }
  // An unreadable one says why when it is opened.
  const reader = await tensor.open();
  try {
    const bytesRead = allocate(source.name, name, bytes);
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
