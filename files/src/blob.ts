/** Reads a file that was dropped on a page, or chosen there. */
import { EndsEarly, expected } from "./error.js";
import type { Source } from "./source.js";

/** How much of the file is in the page's memory at a time, besides the bytes of the caller. */
const pieceBytes = 8 << 20;

export function openBlob(blob: Blob, name: string): Source {
  return {
    name,
    size: blob.size,
    async read(into, position) {
      if (position + into.length > blob.size) {
        throw new EndsEarly(name, into.length, position, blob.size, "it ends there");
      }
      for (let done = 0; done < into.length; done += pieceBytes) {
        const piece = into.subarray(done, done + pieceBytes);
        // The reader of a byte stream would transfer the caller's buffer, which WebAssembly's memory does not allow.
        const slice = blob.slice(position + done, position + done + piece.length);
        let bytes: ArrayBuffer;
        try {
          bytes = await slice.arrayBuffer();
        } catch (error) {
          const { name: reason } = error as Error;
          const got = reason === "NotReadableError" ? "one that was changed or removed since" : reason;
          throw expected(name, "a file that can be read", got);
        }
        if (bytes.byteLength < piece.length) {
          const end = position + done + bytes.byteLength;
          throw new EndsEarly(name, into.length, position, end, "it was shortened while being read");
        }
        piece.set(new Uint8Array(bytes));
      }
    },
    async close() {},
  };
}
