/** Small reads that follow each other, as those of ten thousands of small tensors do, served from one large read. */
import { EndsEarly } from "./error.js";
import { refuseDetached, type Source } from "./source.js";

/** Reads of up to so many bytes are small: a larger one takes longer than the call. */
const smallBytes = 1 << 14;

/** How much is read ahead. */
const aheadBytes = 1 << 18;

const nothing = { start: 0, bytes: new Uint8Array(0) };

/** The source with a read that looks ahead where small reads follow each other. */
export function readAhead(source: Source & { size: number }): Source {
  let end = 0;
  let ahead = nothing;
  return {
    name: source.name,
    size: source.size,
    async read(into, position) {
      const { length } = into;
      const follows = position >= end && position - end < smallBytes;
      end = position + length;
      if (!holds(ahead, position, length)) {
        const bytes = Math.min(aheadBytes, source.size - position);
        if (!follows || length > smallBytes || bytes < length) return source.read(into, position);
        const coming = { start: position, bytes: new Uint8Array(bytes) };
        try {
          await source.read(coming.bytes, position);
        } catch (error) {
          // What ends early may be what nobody asked for.
          if (error instanceof EndsEarly) return source.read(into, position);
          throw error;
        }
        ahead = coming;
        refuseDetached(into, length);
      }
      const from = position - ahead.start;
      into.set(ahead.bytes.subarray(from, from + length));
    },
    async close() {
      ahead = nothing;
      await source.close();
    },
  };
}

function holds({ start, bytes }: { start: number; bytes: Uint8Array }, position: number, length: number): boolean {
  return position >= start && position + length <= start + bytes.length;
}
