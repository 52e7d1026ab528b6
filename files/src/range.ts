import type { TensorReader } from "./container.js";
import { EndsEarly, expected } from "./error.js";
import type { Source } from "./source.js";
import { counted, printable } from "./text.js";

/** Reads a tensor whose bytes lie in the source as they are, straight into the caller's bytes. */
export class RangeReader implements TensorReader {
  private done = 0;

  constructor(
    readonly source: Source,
    readonly tensor: string,
    readonly position: number,
    readonly bytes: number,
    /** Is given each chunk as it is read. */
    private readonly see: (bytes: Uint8Array) => void = () => {},
    /** Is called after the last byte, for checks of the whole. */
    private readonly finish: () => Promise<void> | void = () => {},
  ) {}

  async read(into: Uint8Array): Promise<void> {
    const { length } = into;
    refuseBeyond(this.bytes - this.done, into);
    await readRange(this, into, this.done);
    this.see(into);
    this.done += length;
    if (length > 0 && this.done === this.bytes) await this.finish();
  }

  async close(): Promise<void> {}
}

/** A tensor's bytes in a source. */
interface Range {
  readonly source: Source;
  readonly tensor: string;
  readonly position: number;
  readonly bytes: number;
}

/** Fills `into` with the bytes from `at` on, counted from the tensor's first. */
export async function readRange(
  { source, tensor, position, bytes }: Range,
  into: Uint8Array,
  at: number,
): Promise<void> {
  try {
    await source.read(into, position + at);
  } catch (error) {
    if (!(error instanceof EndsEarly)) throw error;
    const got = Math.max(0, error.end - position);
    throw expected(source.name, tensorOf(tensor, bytes), `${got}: it ends there`);
  }
}

/** What was expected of a tensor that ends early or late: 'tensor "x" to have 96 bytes'. */
export function tensorOf(tensor: string, bytes: number): string {
  return `tensor "${printable(tensor)}" to have ${counted(bytes, "byte")}`;
}

/** Refuses to read beyond a tensor's end. That is a fault of the program, not of the file. */
export function refuseBeyond(left: number, into: Uint8Array): void {
  if (into.length > left) throw new RangeError(`read: into expected at most ${left} bytes, got ${into.length}`);
}
