/** A model's inputs from a file: .npz and .safetensors by the names of their arrays, .npy where the model has one input. */
import { openContainer, type ReadTensor, readTensor } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import { checkInputs, wantedInputs } from "./inputs.js";
import type { OpenModel } from "./model.js";

export async function readArrays(open: OpenModel, path: string): Promise<Map<string, ReadTensor>> {
  const source = await openDisk(path);
  try {
    const container = await openContainer(source);
    const arrays = new Map<string, ReadTensor>();
    const wanted = wantedInputs(open);
    for (const { name } of container.tensors) {
      const input = container.format === "npy" && wanted.length === 1 ? wanted[0].name : name;
      arrays.set(input, await readTensor(container, name));
    }
    return checkInputs(open, arrays, path);
  } finally {
    await source.close();
  }
}
