import type { Source } from "./source.js";

/** A file of tensors with its checked header: .safetensors, .npy (one tensor) or .npz. */
export interface Container {
  readonly source: Source;
  readonly format: "safetensors" | "npy" | "npz";
  /** `__metadata__` of safetensors; empty otherwise. */
  readonly metadata: Readonly<Record<string, string>>;
  /** All tensors, in the order of the file, whatever their element type. */
  readonly tensors: readonly StoredTensor[];
  /**
   * Checks that a source without a known size ends where its header says, however much of it was read. To be called after the
   * last tensor. A source of known size was checked when it was opened.
   *
   * @throws FileError where the bytes end early, or do not end
   */
  finish(): Promise<void>;
}

export interface StoredTensor {
  readonly name: string;
  /** In safetensors' words: F32, F64, F16, BF16, I64 … */
  readonly dtype: string;
  /** Row-major: the last size is that of a row. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Why the tensor cannot be read although its header is sound ("in Fortran's order"); null where it can. */
  readonly unreadable: string | null;
  /**
   * A reader of the tensor's bytes, which are little-endian. Where the source is a stream, tensors are opened in their order.
   *
   * @throws FileError where the tensor is unreadable, or its bytes have passed
   */
  open(): Promise<TensorReader>;
}

export interface TensorReader {
  /**
   * Fills `into` with the next bytes. With the last of them, the size and the CRC that an archive gives for the entry are checked.
   *
   * @throws FileError naming file and tensor where they end early, or cannot be read or inflated
   */
  read(into: Uint8Array): Promise<void>;
  /** Ends the reading, wherever it is. */
  close(): Promise<void>;
}
