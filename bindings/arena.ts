import { rangeError, words } from "./check.js";

/** The first 2 KiB are the kernels' scratch (assembly/kernels/scratch.ts); they are never handed out. */
const RESERVED = 2048;
const PAGE = 65536;
/** A pointer past the end must not wrap to 0: the last page of the address space stays unused. */
export const LARGEST = 65535 * PAGE;
const ALIGNMENT = 64;

const align = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * The engine's memory: blocks that live until they are released, and a stack of temporaries above them that lasts for
 * one call. All blocks are 64-byte aligned.
 *
 * Growing memory detaches every view. So the views here are made anew when the buffer has gone (a detached view has no
 * length), and what leaves the arena is a view derived at that moment.
 */
export class Arena {
  readonly maximumBytes: number;
  /** Views of the whole memory, valid until the next growth; `refresh` first. */
  u16!: Uint16Array;
  f32!: Float32Array;
  f64!: Float64Array;

  /** Live blocks, start → bytes; and the holes between them, in order of address. */
  private readonly live = new Map<number, number>();
  private holes: { start: number; bytes: number }[] = [];
  /** The end of the highest block, and that of the temporaries above it. */
  private top = RESERVED;
  private stackTop = RESERVED;
  private used = 0;
  private held: WebAssembly.Memory | undefined;
  /** Set by `engine.dispose`: the memory is let go, and no view of it is made again. */
  disposed = false;

  constructor(memory: WebAssembly.Memory | undefined, maximumBytes: number) {
    this.maximumBytes = Math.floor(Math.min(maximumBytes, LARGEST) / PAGE) * PAGE;
    this.held = memory ?? new WebAssembly.Memory({ initial: Math.min(16, Math.floor(this.maximumBytes / PAGE)) });
    this.views();
  }

  /** The memory, until `dispose`. */
  get memory(): WebAssembly.Memory {
    return this.held as WebAssembly.Memory;
  }

  /** Bytes in live blocks. */
  get bytesInUse(): number {
    return this.used;
  }

  /** The buffer, after any growth by anyone. */
  get buffer(): ArrayBufferLike {
    this.refresh();
    return this.f32.buffer;
  }

  refresh(): void {
    if (this.f32.length === 0 && !this.disposed) this.views();
  }

  private views(): void {
    const { buffer } = this.memory;
    this.u16 = new Uint16Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** A block that lives until `release`. Never while temporaries are out. */
  allocate(op: string, bytes: number): number {
    const size = align(Math.max(bytes, 1));
    const hole = this.holes.findIndex((h) => h.bytes >= size);
    let start: number;
    if (hole >= 0) {
      const h = this.holes[hole];
      start = h.start;
      if (h.bytes === size) this.holes.splice(hole, 1);
      else this.holes[hole] = { start: start + size, bytes: h.bytes - size };
    } else {
      start = this.top;
      this.reserve(op, start + size);
      this.top = this.stackTop = start + size;
    }
    this.live.set(start, size);
    this.used += size;
    return start;
  }

  release(start: number): void {
    const bytes = this.live.get(start);
    if (bytes === undefined) return;
    this.live.delete(start);
    this.used -= bytes;
    const at = this.holes.findIndex((h) => h.start > start);
    this.holes.splice(at < 0 ? this.holes.length : at, 0, { start, bytes });
    const merged: { start: number; bytes: number }[] = [];
    for (const h of this.holes) {
      const last = merged[merged.length - 1];
      if (last && last.start + last.bytes === h.start) last.bytes += h.bytes;
      else merged.push({ ...h });
    }
    const last = merged[merged.length - 1];
    if (last && last.start + last.bytes === this.top) {
      this.top = this.stackTop = last.start;
      merged.pop();
    }
    this.holes = merged;
  }

  /** Do these bytes lie in one live block? */
  holds(start: number, end: number): boolean {
    for (const [block, bytes] of this.live) if (start >= block && end <= block + bytes) return true;
    return false;
  }

  /** Room for so many bytes of temporaries, each already aligned, in one growth at most. */
  reserveTemporaries(op: string, bytes: number): void {
    this.reserve(op, this.stackTop + bytes);
  }

  /**
   * A temporary, until `unwind`. Never at the start of a page of 4 KiB: copying 384 KB from there to an array, which starts
   * 16 bytes into one, took 215 µs instead of 15 on an AMD EPYC.
   */
  temporary(bytes: number): number {
    if (this.stackTop % 4096 === 0) this.stackTop += ALIGNMENT;
    const start = this.stackTop;
    this.stackTop += align(bytes);
    return start;
  }

  /** The most that a temporary of so many bytes takes. */
  temporaryBytes(bytes: number): number {
    return align(bytes) + ALIGNMENT;
  }

  unwind(): void {
    this.stackTop = this.top;
  }

  /** Lets the memory go. */
  dispose(): void {
    this.disposed = true;
    this.held = undefined;
    this.live.clear();
    this.holes = [];
    this.used = 0;
    this.u16 = new Uint16Array(0);
    this.f32 = new Float32Array(0);
    this.f64 = new Float64Array(0);
  }

  private reserve(op: string, end: number): void {
    this.refresh();
    const have = this.f32.length * 4;
    if (end <= have) return;
    if (end > this.maximumBytes) {
      const limit = this.maximumBytes < LARGEST ? "" : " (WebAssembly's own limit)";
      throw rangeError(op, "maximumBytes", `at least ${end}`, words(`${this.maximumBytes}${limit}`));
    }
    // an eighth more than is needed, so that many small growths do not each detach every view
    const roomy = Math.min(this.maximumBytes, end + have / 8);
    if (!this.grow(roomy - have) && !this.grow(end - have)) {
      const got = words(`${have}: its own maximum, or the system's`);
      throw rangeError(op, "memory", `room to grow to ${end} bytes`, got);
    }
    this.views();
  }

  private grow(bytes: number): boolean {
    try {
      return this.memory.grow(Math.ceil(bytes / PAGE)) >= 0;
    } catch {
      return false;
    }
  }
}
