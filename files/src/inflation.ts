import { expected, FileError } from "./error.js";
import type { Source } from "./source.js";

/** At most a thousand times as many bytes come of them: what a page's stream may hold at once of a zip bomb. */
const pieceBytes = 64 << 10;

/** Deflated bytes of a source, inflated as they are asked for. */
export class Inflation {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private chunk = new Uint8Array(0);
  /** Why the source could not be read: a stream of the platform may tell it in other words. */
  private failure: FileError | null = null;

  constructor(source: Source, position: number, bytes: number) {
    let done = 0;
    const deflated = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          const piece = new Uint8Array(Math.min(pieceBytes, bytes - done));
          if (piece.length === 0) return controller.close();
          try {
            await source.read(piece, position + done);
          } catch (error) {
            if (error instanceof FileError) this.failure = error;
            throw error;
          }
          done += piece.length;
          controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
    this.reader = deflated.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  }

  /** Fills `into` as far as there are bytes, and says how far. */
  async take(where: string, into: Uint8Array): Promise<number> {
    let got = 0;
    while (got < into.length) {
      if (this.chunk.length === 0) {
        const next = await this.next(where);
        if (next === null) break;
        this.chunk = next;
      }
      const part = this.chunk.subarray(0, into.length - got);
      into.set(part, got);
      got += part.length;
      this.chunk = this.chunk.subarray(part.length);
    }
    return got;
  }

  private async next(where: string): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const { done, value } = await this.reader.read();
      return done ? null : (value as Uint8Array<ArrayBuffer>);
    } catch (error) {
      if (this.failure !== null) throw this.failure;
      // Node says it in the error, from 22 on in its cause.
      const { message, cause } = error as Error;
      const why = message || (cause as Error | undefined)?.message || "for no stated reason";
      throw expected(where, "bytes that inflate", `broken ones (${why})`);
    }
  }

  async close(): Promise<void> {
    this.chunk = new Uint8Array(0);
    // A stream that failed refuses to be cancelled, with the failure that was thrown already.
    await this.reader.cancel().catch(() => {});
  }
}
