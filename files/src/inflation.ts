import { expected, FileError } from "./error.js";
import { refuseDetached, type Source } from "./source.js";

/** How many deflated bytes are read at a time. They inflate to 1000 times as many at most, which bounds a zip bomb. */
const pieceBytes = 64 << 10;

/** Inflates the deflated bytes of a source as they are asked for. */
export class Inflation {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private chunk = new Uint8Array(0);
  /** Why the source could not be read, kept here because the platform's stream may replace the error by its own. */
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

  /** Fills `into` as far as there are bytes. @returns how many there were */
  async take(where: string, into: Uint8Array): Promise<number> {
    const { length } = into;
    let got = 0;
    while (got < length) {
      if (this.chunk.length === 0) {
        const next = await this.next(where);
        if (next === null) break;
        this.chunk = next;
      }
      refuseDetached(into, length);
      const part = this.chunk.subarray(0, length - got);
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
      // Node gives the reason in the error; from 22 on, in its cause.
      const { message, cause } = error as Error;
      const why = message || (cause as Error | undefined)?.message || "for no stated reason";
      throw expected(where, "bytes that inflate", `broken ones (${why})`);
    }
  }

  async close(): Promise<void> {
    this.chunk = new Uint8Array(0);
    // A stream that has failed rejects this with its failure, which was thrown already.
    await this.reader.cancel().catch(() => {});
  }
}
