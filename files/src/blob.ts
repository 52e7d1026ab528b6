/** Reads a file that was dropped on a page, or chosen there. */
import { EndsEarly, expected } from "./error.js";
import type { Folder } from "./folder.js";
import { readAhead } from "./read-ahead.js";
import { refuseDetached, type Source } from "./source.js";

/** How much of the file is in the page's memory at a time, besides the bytes of the caller. */
const pieceBytes = 8 << 20;

export function openBlob(blob: Blob, name: string): Source {
  const read = async (into: Uint8Array, position: number) => {
    const { length } = into;
    if (position + length > blob.size) {
      throw new EndsEarly(name, length, position, blob.size, "it ends there");
    }
    for (let done = 0; done < length; done += pieceBytes) {
      const pieceLength = Math.min(pieceBytes, length - done);
      // The reader of a byte stream would transfer the caller's buffer, which WebAssembly's memory does not allow.
      const slice = blob.slice(position + done, position + done + pieceLength);
      let bytes: ArrayBuffer;
      try {
        bytes = await slice.arrayBuffer();
      } catch (error) {
        const { name: reason } = error as Error;
        const got = reason === "NotReadableError" ? "one that was changed or removed since" : reason;
        throw expected(name, "a file that can be read", got);
      }
      if (bytes.byteLength < pieceLength) {
        const end = position + done + bytes.byteLength;
        throw new EndsEarly(name, length, position, end, "it was shortened while being read");
      }
      refuseDetached(into, length);
      into.set(new Uint8Array(bytes), done);
    }
  };
  return readAhead({ name, size: blob.size, read, async close() {} });
}

/** Files that were dropped together. @param name the folder's in messages; "" where they came by themselves */
export function blobFolder(files: ReadonlyMap<string, Blob>, name: string): Folder {
  const called = (file: string) => (name === "" ? file : `${name}/${file}`);
  return {
    name: name === "" ? "what was dropped" : name,
    called,
    names: async () => [...files.keys()],
    async open(file) {
      const blob = files.get(file);
      if (blob === undefined) throw expected(called(file), "a file that can be read", "no such file");
      return openBlob(blob, called(file));
    },
  };
}
