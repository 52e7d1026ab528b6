import { rangeError, verbatim } from "../check.js";
import { ALIGNMENT, align, Blocks } from "./blocks.js";
import type { DType, TypedArray } from "./dtype.js";
import { Layouts } from "./layout.js";

/** @internal The first bytes are the kernels' scratch (assembly/scratch.ts); they are never handed out. */
export const SCRATCH_BYTES = 2048;
const PAGE = 65536;
/** Where in a line of 64 bytes a temporary begins. */
const TEMPORARY_OFFSET = 48;
/** @internal The last page of the address space stays unused, so that a pointer past the end does not wrap to 0. */
export const LARGEST = 65535 * PAGE;
/** The pages of a new memory and, if the system refuses that many, the least. It grows from there. */
const FIRST_PAGES = [16, 1];

/** A WebAssembly.Memory, described by what an engine uses of it, for TypeScript projects without the DOM library. */
export interface MemoryLike {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/** @internal A block of memory that lives until it is released or its arena is disposed of. */
export class Block {
  live = true;

  constructor(
    readonly arena: Arena,
    readonly start: number,
    /** What lies in it, for errors. */
    readonly of: "Tensor" | "Quantized" = "Tensor",
  ) {}

  /** Gives the bytes back; doing so twice is no error. */
  release(): void {
    if (this.live) this.arena.release(this);
  }
}

/**
 * An engine's memory: blocks that live until they are released, and above them a stack of temporaries that lasts for one
 * call. All are aligned to 64 bytes.
 *
 * Growing a memory detaches every view of it. So the views here are made anew when they have been detached, which shows in
 * their length of 0; and views for others are made at the moment they are asked for.
 *
 * @internal
 */
export class Arena {
  /** Views of the whole memory, valid until it grows. Call `refresh` before using them. */
  u16!: Uint16Array<ArrayBuffer>;
  i32!: Int32Array<ArrayBuffer>;
  f32!: Float32Array<ArrayBuffer>;
  f64!: Float64Array<ArrayBuffer>;
  /** Has the memory been let go? Then no view of it is made again. */
  disposed = false;

  readonly layouts = new Layouts();
  private readonly maximumBytes: number;
  readonly blocks = new Blocks(SCRATCH_BYTES);
  private readonly live = new Set<Block>();
  private stackTop = SCRATCH_BYTES;
  /** Of a shared memory: all buffers that it had. */
  private former: WeakSet<object> | undefined;
  private held: WebAssembly.Memory | undefined;
  /** The views' buffer, kept here because asking a view for it is a call. */
  private current!: ArrayBuffer;
  /** Releases the blocks of Tensors that nobody has any more. */
  private readonly dropped = new FinalizationRegistry<Block>((block) => block.release());

  constructor(op: string, memory: WebAssembly.Memory | undefined, maximumBytes: number) {
    this.maximumBytes = Math.floor(Math.min(maximumBytes, LARGEST) / PAGE) * PAGE;
    this.held = memory ?? newMemory(op, this.maximumBytes / PAGE);
    this.views();
  }

  /** The memory, until `dispose`. */
  get memory(): WebAssembly.Memory {
    return this.held as WebAssembly.Memory;
  }

  /** Bytes in live blocks: none once the memory was let go. */
  get bytesInUse(): number {
    return this.disposed ? 0 : this.blocks.bytes;
  }

  /** The memory's buffer as it is now, whoever made it grow. */
  get buffer(): ArrayBuffer {
    this.refresh();
    return this.current;
  }

  /** The whole memory as elements of a type, valid until it grows. */
  elements(dtype: DType): TypedArray {
    this.refresh();
    return dtype === "f32" ? this.f32 : dtype === "f64" ? this.f64 : this.u16;
  }

  refresh(): void {
    if (this.f32.length === 0 && !this.disposed) this.views();
  }

  /** Is a buffer this memory? A shared memory's buffers of before it grew are, too: they are not detached. */
  owns(buffer: ArrayBufferLike): boolean {
    return buffer === this.buffer || this.former?.has(buffer) === true;
  }

  /** How many bytes of temporaries it has room for, `count` of them. */
  room(count: number): number {
    return this.maximumBytes - this.stackTop - count * ALIGNMENT;
  }

  private views(): void {
    const buffer = this.memory.buffer as ArrayBuffer;
    this.current = buffer;
    if (!(buffer instanceof ArrayBuffer)) {
      this.former ??= new WeakSet();
      this.former.add(buffer);
    }
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** Allocates a block. Not to be called while there are temporaries. */
  allocate(op: string, bytes: number, of?: Block["of"]): Block {
    const size = align(Math.max(bytes, 1));
    let start = this.blocks.find(size);
    if (start === undefined) {
      start = this.blocks.top;
      this.reserve(op, start + size);
    }
    this.blocks.take(start, size);
    this.stackTop = this.blocks.top;
    const block = new Block(this, start, of);
    this.live.add(block);
    return block;
  }

  /** What a live block does that is released. */
  release(block: Block): void {
    block.live = false;
    // Else the registry keeps block and owner until the next collection of old objects, which a loop of many may outrun.
    this.dropped.unregister(block);
    this.live.delete(block);
    this.blocks.release(block.start);
    this.stackTop = this.blocks.top;
  }

  /** Releases a block when nobody has `owner` any more, if it was not released before. */
  releaseWith(owner: object, block: Block): void {
    this.dropped.register(owner, block, block);
  }

  /** Do these bytes lie in one live block? */
  holds(start: number, end: number): boolean {
    return this.blocks.holds(start, end);
  }

  /** Makes room for so many temporaries of so many bytes in all, growing the memory at most once. */
  reserveTemporaries(op: string, count: number, bytes: number): void {
    this.reserve(op, this.stackTop + bytes + count * ALIGNMENT);
  }

  /**
   * The address of a new temporary, which lasts until `unwind`. It lies 48 bytes into a line of 64, for large arrays begin 16
   * bytes into a page, and so it is never 1 to 31 bytes ahead of their rows or behind them, page against page. Where it is, glibc
   * 2.36 copies a tenth as fast on an AMD EPYC (Zen 3).
   */
  temporary(bytes: number): number {
    const start = this.stackTop + ((TEMPORARY_OFFSET - this.stackTop) & (ALIGNMENT - 1));
    this.stackTop = start + bytes;
    return start;
  }

  unwind(): void {
    this.stackTop = this.blocks.top;
  }

  /** Lets the memory go. */
  dispose(): void {
    this.disposed = true;
    for (const block of this.live) block.live = false;
    this.live.clear();
    this.held = undefined;
    this.current = new ArrayBuffer(0);
    this.u16 = new Uint16Array(0);
    this.i32 = new Int32Array(0);
    this.f32 = new Float32Array(0);
    this.f64 = new Float64Array(0);
  }

  private reserve(op: string, end: number): void {
    this.refresh();
    const have = this.f32.length * 4;
    if (end <= have) return;
    if (end > this.maximumBytes) {
      const [argument, limit] =
        this.maximumBytes < LARGEST ? ["maximumBytes", ""] : ["memory", ", the most that WebAssembly has"];
      throw rangeError(op, argument, `at least ${end}`, verbatim(`${this.maximumBytes}${limit}${this.inUse()}`));
    }
    // an eighth more than is needed, so that views are not detached by each of many small growths
    const roomy = Math.min(this.maximumBytes, end + have / 8);
    if (!this.grow(roomy - have) && !this.grow(end - have)) {
      const got = verbatim(`${have}: its own maximum, or the system's${this.inUse()}`);
      throw rangeError(op, "memory", `room to grow to ${end} bytes`, got);
    }
    this.views();
  }

  /** What takes the memory, for an error: in a loop that never awaits, no dropped Tensor is given back. */
  private inUse(): string {
    const { count, bytes } = this.blocks;
    if (count === 0) return "";
    let tensors = 0;
    for (const { of } of this.live) if (of === "Tensor") tensors++;
    const what = [
      ...(tensors > 0 ? [`${tensors} live Tensor${tensors === 1 ? "" : "s"}`] : []),
      ...(count > tensors ? [`${count - tensors} live Quantized`] : []),
    ];
    return `, with ${bytes} bytes in ${what.join(" and ")} (dispose() gives them back)`;
  }

  private grow(bytes: number): boolean {
    try {
      return this.memory.grow(Math.ceil(bytes / PAGE)) >= 0;
    } catch {
      return false;
    }
  }
}

function newMemory(op: string, maximumPages: number): WebAssembly.Memory {
  let refusal: unknown;
  for (const pages of FIRST_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: Math.min(pages, maximumPages) });
    } catch (error) {
      refusal = error;
    }
  }
  throw Object.assign(rangeError(op, "memory", "at least 65536 bytes of the system", verbatim("none")), {
    cause: refusal,
  });
}
