import type { Container, StoredTensor } from "./container.js";
import { EndsEarly, expected } from "./error.js";
import { otherFormat, WrongFormat } from "./formats.js";
import { isNpy, openNpy } from "./npy.js";
import { maximumHeader, openSafetensors } from "./safetensors.js";
import type { Source } from "./source.js";

export interface OpenOptions {
  /** What integers of 16 bits (U16, I16) are, for arrays of halves that were saved as their bits: NumPy has no bfloat16. */
  bits?: "bf16" | "f16" | null;
}

/**
 * Reads and checks the header of a file of tensors. The first bytes tell the format. The caller closes the source.
 *
 * @throws WrongFormat where it is a file of another kind
 * @throws FileError that names the file, the tensor and the first thing that does not hold
 */
export async function openContainer(source: Source, { bits = null }: OpenOptions = {}): Promise<Container> {
  const container = await open(source);
  if (bits === null) return container;
  const dtype = bits === "bf16" ? "BF16" : "F16";
  const asHalves = (tensor: StoredTensor) =>
    tensor.dtype === "U16" || tensor.dtype === "I16" ? { ...tensor, dtype } : tensor;
  return { ...container, tensors: container.tensors.map(asHalves) };
}

async function open(source: Source): Promise<Container> {
  const start = await firstBytes(source);
  if (isNpy(start)) return openNpy(source, start);

  const length = new DataView(start.buffer).getBigUint64(0, true);
  const other = otherFormat(start);
  // Only a length beyond the limit rules safetensors out: the length of a header of 640 bytes begins like a pickle.
  if (length <= BigInt(maximumHeader)) return openSafetensors(source, Number(length), other);

  if (isZip(start)) {
    if (source.size === null) {
      throw expected(
        source.name,
        "a .safetensors or .npy stream",
        "a zip archive, which is read from its end: save it first",
      );
    }
    // Imported here, so that a page loads the zip library only when it meets an archive.
    const { openNpz } = await import("./npz.js");
    return openNpz(source, source.size);
  }
  throw new WrongFormat(
    source.name,
    other ?? "bytes that begin like none (raw numbers have no shape: save them as .npy)",
  );
}

async function firstBytes(source: Source): Promise<Uint8Array<ArrayBuffer>> {
  const start = new Uint8Array(8);
  try {
    await source.read(start, 0);
  } catch (error) {
    if (!(error instanceof EndsEarly)) throw error;
    throw new WrongFormat(source.name, error.end === 0 ? "nothing: it is empty" : `${error.end} bytes in all`);
  }
  return start;
}

/** A zip archive begins with its first entry; an empty one, with the end of its directory. */
function isZip(start: Uint8Array): boolean {
  const text = String.fromCharCode(...start);
  return text.startsWith("PK\x03\x04") || text.startsWith("PK\x05\x06");
}
