import type { Container } from "./container.js";
import { EndsEarly, expected } from "./error.js";
import { isNpy, openNpy } from "./npy.js";
import { maximumHeader, openSafetensors } from "./safetensors.js";
import type { Source } from "./source.js";

const formats = "a .safetensors, .npy or .npz file";

/**
 * Reads and checks the header of a file of tensors. The first bytes tell the format. The caller closes the source.
 *
 * @throws FileError that names the file, the tensor and the first thing that does not hold
 */
export async function openContainer(source: Source): Promise<Container> {
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
  if (other !== null) throw expected(source.name, formats, other);
  const got = `a header length of ${length} (and it begins neither like .npy nor like .npz)`;
  throw expected(source.name, `a safetensors header of at most ${maximumHeader} bytes`, got);
}

async function firstBytes(source: Source): Promise<Uint8Array<ArrayBuffer>> {
  const start = new Uint8Array(8);
  try {
    await source.read(start, 0);
  } catch (error) {
    if (!(error instanceof EndsEarly)) throw error;
    throw expected(source.name, formats, error.end === 0 ? "nothing: it is empty" : `${error.end} bytes in all`);
  }
  return start;
}

/** A zip archive begins with its first entry; an empty one, with the end of its directory. */
function isZip(start: Uint8Array): boolean {
  const text = String.fromCharCode(...start);
  return text.startsWith("PK\x03\x04") || text.startsWith("PK\x05\x06");
}

/** Recognizes by its first bytes what people hand over by mistake. */
function otherFormat(start: Uint8Array): string | null {
  const text = String.fromCharCode(...start);
  if (text.startsWith("GGUF")) return "a GGUF file";
  if (text.startsWith("\x89HDF")) return "an HDF5 file (save it as safetensors or .npy)";
  if (text.startsWith("\x80")) return "a Python pickle (save it as safetensors)";
  if (text.startsWith("\x1f\x8b")) return "a gzip file (decompress it first)";
  if (text.startsWith("\x28\xb5\x2f\xfd")) return "a zstd file (decompress it first)";
  if (text.startsWith("version ")) return "a Git LFS pointer (fetch the file itself: git lfs pull)";
  if (/^\s*[{[]/.test(text)) return "a JSON file";
  if (/^[\x20-\x7e\s]{8}$/.test(text)) return "a text file";
  return null;
}
