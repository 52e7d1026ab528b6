import type { Source } from "./source.js";

/** A file of tensors with its checked header: .safetensors, .npy (one tensor) or .npz. */
export interface Container {
  readonly source: Source;
  readonly format: "safetensors" | "npy" | "npz";
  /** `__metadata__` of safetensors; empty otherwise. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the file. Those that are not floats are among them. */
  readonly tensors: readonly StoredTensor[];
}

export interface StoredTensor {
  readonly name: string;
  /** In safetensors' words: F32, F64, F16, BF16, I64 … */
  readonly dtype: string;
  /** Row-major. The last one is d. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Why it cannot be read though its header is sound ("in Fortran's order"), or null. */
  readonly unreadable: string | null;
  /** The tensor's bytes, little-endian, from the first to the last. */
  open(): Promise<TensorReader>;
}

export interface TensorReader {
  /**
   * Fills `into` with the next bytes.
   *
   * @throws StudyFailure naming file and tensor where they end early, or cannot be read or inflated
   */
  read(into: Uint8Array): Promise<void>;
  /** Lets go; what an archive says of the whole entry (its size, its CRC) is checked when its last byte is read. */
  close(): Promise<void>;
}
