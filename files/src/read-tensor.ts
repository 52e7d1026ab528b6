import type { Container } from "./container.js";
import { expected } from "./error.js";
import { openContainer } from "./open.js";
import { type ReadTensor, readStored } from "./read-stored.js";
import type { Source } from "./source.js";
import { listed, printable } from "./text.js";

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
  return readStored(tensor, source.name);
}
