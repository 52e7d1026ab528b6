/** Reads standard input, or any stream of Node's. Its bytes pass once, and its size is known only at the end. */
import { systemReason } from "./disk.js";
import { EndsEarly, expected } from "./error.js";
import { refuseDetached, type Source } from "./source.js";

/** At most one chunk of the stream is held that was not asked for yet: whoever writes to the stream waits meanwhile. */
export function openStream(stream: NodeJS.ReadableStream, name = "standard input"): Source {
  const chunks = stream[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  /** How many bytes were taken from the stream. */
  let taken = 0;

  /** The next bytes, at most `most` of them and at least one; null at the end. */
  async function next(most: number): Promise<Uint8Array | null> {
    while (chunk.length === 0) {
      let result: IteratorResult<unknown>;
      try {
        result = await chunks.next();
      } catch (error) {
        throw expected(name, "a stream that can be read", systemReason(error));
      }
      if (result.done) return null;
      if (!(result.value instanceof Uint8Array)) throw new TypeError("openStream: stream expected bytes, got text");
      chunk = result.value;
    }
    const bytes = chunk.subarray(0, most);
    chunk = chunk.subarray(bytes.length);
    taken += bytes.length;
    return bytes;
  }

  return {
    name,
    size: null,
    async read(into, position) {
      if (position < taken) {
        throw expected(name, "to be read from front to back", `byte ${position} after byte ${taken}`);
      }
      const { length } = into;
      const end = position + length;
      while (taken < end) {
        const bytes = await next(taken < position ? position - taken : end - taken);
        if (bytes === null) throw new EndsEarly(name, length, position, taken, "it ends there");
        refuseDetached(into, length);
        if (taken > position) into.set(bytes, taken - bytes.length - position);
      }
    },
    async close() {
      // This ends the stream too, so that the process can exit although its input is still open.
      await chunks.return?.();
    },
  };
}
