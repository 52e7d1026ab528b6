/** A model's inputs from a file: .npz and .safetensors by the names of their arrays, .npy where the model has one input. */
import { openContainer, type ReadTensor, readTensor, type Source } from "@orthonorm/files";
import { checkInputs, wantedInputs } from "./inputs.js";
import type { OpenModel } from "./model.js";

/** @throws OnnxError where the arrays are not what the model wants, FileError where the file cannot be read */
export async function arraysOf(open: OpenModel, source: Source): Promise<Map<string, ReadTensor>> {
  const container = await openContainer(source);
  const arrays = new Map<string, ReadTensor>();
  const wanted = wantedInputs(open);
  for (const { name } of container.tensors) {
    const input = container.format === "npy" && wanted.length === 1 ? wanted[0].name : name;
    arrays.set(input, await readTensor(container, name));
  }
  return checkInputs(open, arrays, source.name);
}
