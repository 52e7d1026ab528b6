/** The project's own twins beside the encoders: two small language models that differ in the norm alone. */
import { fileURLToPath } from "node:url";
import { openContainer, readTensor } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import type { States } from "./measure.js";

/** @returns the states before each norm of a twin, in the order of its layers */
export async function twinStates(twin: "ln" | "rms"): Promise<States[]> {
  const path = fileURLToPath(new URL(`../../study/data/twins/${twin}/states.safetensors`, import.meta.url));
  const source = await openDisk(path);
  try {
    const container = await openContainer(source);
    const states: States[] = [];
    for (const { name, shape } of container.tensors) {
      const { data } = await readTensor(container, name);
      states.push({ name, eps: 1e-5, cols: shape[1], data: data as Float32Array<ArrayBuffer> });
    }
    return states;
  } finally {
    await source.close();
  }
}
