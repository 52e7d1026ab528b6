/** What files are that people hand over and that are no files of tensors, by their first bytes. */

import { FileError } from "./error.js";
import { printable } from "./text.js";

const formats = "a .safetensors, .npy or .npz file";

/**
 * A file of another format. It is sound, and none of ours: where a folder or a pattern gave it, it can be left out, which a damaged
 * file cannot.
 */
export class WrongFormat extends FileError {
  override readonly name = "WrongFormat";

  constructor(
    file: string,
    /** What it is: "a text file". */
    readonly got: string,
  ) {
    super(`${printable(file)} expected ${formats}, got ${got}`);
  }
}

/** By the first 8 bytes as hexadecimal digits. The first that fits counts. */
const binary: readonly (readonly [start: RegExp, what: string])[] = [
  [/^47475546/, "a GGUF file"],
  [/^89484446/, "an HDF5 file (save it as safetensors or .npy)"],
  [/^50415231/, "a Parquet file (save its column as .npy)"],
  [/^(4152524f5731|46454131|ffffffff)/, "an Arrow file (save its column as .npy)"],
  [/^5244(58|41)3[23]0a/, "an R file (save it as .npy, by reticulate)"],
  // The version of the format (3 or later), then another field of a ModelProto.
  [/^08(0[3-9a-f]|1.)(12|1a|22|28|32|3a|42)/, "an ONNX model"],
  [/^.{8}54464c33/, "a TensorFlow Lite model"],
  [/^800[2-5]8a0a6cfc/, "a PyTorch checkpoint (save it as safetensors)"],
  // Both bytes of the magic, and no NUL, which is no opcode: the length of a safetensors header may begin like a pickle.
  [/^800[2-5](?!00)/, "a Python pickle (save it as safetensors)"],
  [/^1f8b/, "a gzip file (decompress it first)"],
  [/^28b52ffd/, "a zstd file (decompress it first)"],
  [/^425a683[1-9]/, "a bzip2 file (decompress it first)"],
  [/^fd377a585a00/, "an xz file (decompress it first)"],
];

/** By the first 8 bytes in Latin-1. */
const texts: readonly (readonly [start: RegExp, what: string])[] = [
  [/^MATLAB 7/, "a MATLAB file, which is HDF5 (save it as .npy)"],
  [/^MATLAB /, "a MATLAB file (save it as .npy)"],
  [/^version /, "a Git LFS pointer (fetch the file itself: git lfs pull)"],
  [/^\s*[{[]/, "a JSON file"],
  [/^[\x20-\x7e\s]{8}$/, "a text file"],
];

/** The format that a file begins like; null where it is none that is known. */
export function otherFormat(start: Uint8Array): string | null {
  const digits = Array.from(start, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const text = String.fromCharCode(...start);
  const found = binary.find(([magic]) => magic.test(digits)) ?? texts.find(([magic]) => magic.test(text));
  return found?.[1] ?? null;
}
