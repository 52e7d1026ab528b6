/** An array as it lies in a .npy, read as all tensors here are: little-endian, the last index fastest. */
import { SwappedReader } from "./byte-order.js";
import type { TensorReader } from "./container.js";
import { AnyBytes, FortranReader, HeldBytes, heldBytes } from "./fortran.js";
import type { Source } from "./source.js";
import { counted } from "./text.js";

export interface Stored {
  /** Whether the first index runs fastest, and it matters: with at most one size above 1, all orders are the same. */
  fortran: boolean;
  /** How many bytes a number has that is big-endian; 0 where none is. */
  swapped: number;
}

export const asIs: Stored = { fortran: false, swapped: 0 };

/** Where an array's bytes lie, in a source that can be read at any place. */
export interface Place {
  source: Source;
  position: number;
  /** Checks the whole, after the last byte. */
  finish: () => Promise<void>;
}

interface StoredArray {
  name: string;
  shape: readonly number[];
  bytes: number;
  stored: Stored;
}

/** Why an array is not read, which its header alone allows; null where it is. @param anywhere whether its file can be read at any place */
export function unreadableArray(
  header: { unreadable: string | null; stored: Stored; bytes: number | null },
  anywhere: boolean,
): string | null {
  const { unreadable, stored, bytes } = header;
  if (unreadable !== null || !stored.fortran || anywhere || bytes === null || bytes <= heldBytes) return unreadable;
  return `in Fortran's order, of ${counted(bytes, "byte")}, which flow: up to ${heldBytes} are held (save np.ascontiguousarray of it)`;
}

/**
 * @param inOrder opens a reader of its bytes as they lie
 * @param place where they lie, if they can be read at any place
 */
export async function openArray(
  { name, shape, bytes, stored }: StoredArray,
  inOrder: () => Promise<TensorReader>,
  place: Place | null,
): Promise<TensorReader> {
  let reader: TensorReader;
  if (!stored.fortran) reader = await inOrder();
  else {
    const from =
      place === null || bytes <= heldBytes
        ? new HeldBytes(inOrder, bytes)
        : new AnyBytes({ ...place, tensor: name, bytes });
    reader = new FortranReader(from, shape, bytes);
  }
  return stored.swapped === 0 ? reader : new SwappedReader(reader, stored.swapped);
}
