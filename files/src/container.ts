import type { Source } from "./source.js";

/** A file of tensors with its checked header: .safetensors, .npy (one tensor) or .npz. */
export interface Container {
  readonly source: Source;
  readonly format: "safetensors" | "npy" | "npz";
  /** `__metadata__` of safetensors; empty otherwise. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the file. Those that are not floats are among them. */
  readonly tensors: readonly StoredTensor[];
  /**
   * Checks what only the end can tell of a source that flows: that it ends where its header says, whatever of it was read.
   * To be called after the last tensor; of a source of known size all was checked when it was opened.
   *
   * @throws FileError where the bytes end early, or go on
   */
  finish(): Promise<void>;
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
  /**
   * The tensor's bytes, little-endian, from the first to the last. Of a source that flows, tensors open in their order.
   *
   * @throws FileError where it is unreadable, or its bytes have passed
   */
  open(): Promise<TensorReader>;
}

export interface TensorReader {
  /**
   * Fills `into` with the next bytes. What an archive says of the whole entry (its size, its CRC) is checked with the last.
   *
   * @throws FileError naming file and tensor where they end early, or cannot be read or inflated
   */
  read(into: Uint8Array): Promise<void>;
  /** Lets go, at whatever byte. */
  close(): Promise<void>;
}
