/**
 * Arrays in Fortran's order: in the file the first index runs fastest, and what is read has the last one fastest.
 *
 * They are turned a tile at a time: as many steps along one axis as fit into 64 MiB, with all indices of the axes after it. Of a
 * matrix that is a number of rows, of which each column has a strip in the file. The strips of 16 columns are read at once and then
 * written side by side, so that a row gets half a cache line at a time.
 */
import type { TensorReader } from "./container.js";
import { readRange, refuseBeyond } from "./range.js";
import { refuseDetached } from "./source.js";

/** An array of at most so many bytes is held whole, however its file can be read. */
export const heldBytes = 128 << 20;

const tileBytes = 64 << 20;
/** Beside an array that is held, tiles can be small: their strips are at hand. */
const heldTileBytes = 4 << 20;
const stripBytes = 16 << 20;
const columnsAtOnce = 16;
/** What a read of any size costs, as the bytes that could be read meanwhile. */
const readCost = 64 << 10;
/** Between the strips in memory, lest strips of a power of two all fall on the same lines of the cache. */
const lineBytes = 64;

/** The bytes of an array as they lie, from any place. */
interface ArrayBytes {
  readonly tileBytes: number;
  read(into: Uint8Array, at: number): Promise<void>;
  /** Checks the whole, after the last tile. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Of a source that can be read at any place. */
export class AnyBytes implements ArrayBytes {
  readonly tileBytes = tileBytes;

  constructor(private readonly range: Parameters<typeof readRange>[0] & { finish: () => Promise<void> }) {}

  read(into: Uint8Array, at: number): Promise<void> {
    return readRange(this.range, into, at);
  }

  finish(): Promise<void> {
    return this.range.finish();
  }

  async close(): Promise<void> {}
}

/** Held in memory: for a source that flows, and for small arrays. They are read, and checked, when the first of them is asked for. */
export class HeldBytes implements ArrayBytes {
  readonly tileBytes = heldTileBytes;
  private held: Promise<Uint8Array> | null = null;

  constructor(
    private readonly inOrder: () => Promise<TensorReader>,
    private readonly bytes: number,
  ) {}

  async read(into: Uint8Array, at: number): Promise<void> {
    this.held ??= this.readAll();
    into.set((await this.held).subarray(at, at + into.length));
  }

  private async readAll(): Promise<Uint8Array> {
    const held = new Uint8Array(this.bytes);
    const reader = await this.inOrder();
    try {
      await reader.read(held);
    } finally {
      await reader.close();
    }
    return held;
  }

  async finish(): Promise<void> {}

  async close(): Promise<void> {
    this.held = null;
  }
}

/** Elements of 1, 2 or 4 bytes; of 8, each is two words. */
type Words = Uint8Array | Uint16Array | Uint32Array;

/** How an array is cut into tiles. */
interface Tiling {
  /** The axis along which a tile goes, its size, and the steps that a tile has at most. */
  axis: number;
  steps: number;
  /** How many elements lie between two steps in the file: the number of combinations of the indices before the axis. */
  stride: number;
  /** How many elements a step has: the number of combinations of the indices after the axis. A column each. */
  columns: number;
}

export class FortranReader implements TensorReader {
  /** Without axes of one step: they are of no consequence. */
  private readonly shape: readonly number[];
  private readonly strides: readonly number[];
  private readonly size: number;
  private readonly tiling: Tiling;
  /** The tile that is being given, and which part of it is left. */
  private tile: Words = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private tiles = 0;
  private done = 0;

  /**
   * @param shape of more than one element
   * @param total the array's bytes, of which each element has 1, 2, 4 or 8
   */
  constructor(
    private readonly bytes: ArrayBytes,
    shape: readonly number[],
    private readonly total: number,
  ) {
    this.shape = shape.filter((steps) => steps > 1);
    this.strides = this.shape.map((_, axis) => product(this.shape.slice(0, axis)));
    this.size = total / product(this.shape);
    this.tiling = tilingOf(this.shape, this.strides, this.size, bytes.tileBytes);
  }

  async read(into: Uint8Array): Promise<void> {
    const { length } = into;
    refuseBeyond(this.total - this.done, into);
    for (let filled = 0; filled < length; ) {
      if (this.at === this.end) await this.turn();
      refuseDetached(into, length);
      const part = Math.min(length - filled, this.end - this.at);
      into.set(new Uint8Array(this.tile.buffer, this.at, part), filled);
      this.at += part;
      filled += part;
    }
    this.done += length;
    if (length > 0 && this.done === this.total) await this.bytes.finish();
  }

  async close(): Promise<void> {
    this.tile = new Uint8Array(0);
    this.at = this.end = 0;
    await this.bytes.close();
  }

  /** Reads and turns the next tile. */
  private async turn(): Promise<void> {
    const { size, shape, strides } = this;
    const { axis, steps, stride, columns } = this.tiling;
    const perLead = Math.ceil(shape[axis] / steps);
    const lead = Math.floor(this.tiles / perLead);
    const first = (this.tiles % perLead) * steps;
    const count = Math.min(steps, shape[axis] - first);
    const base = offsetOf(lead, shape.slice(0, axis), strides) + first * stride;
    const after = { shape: shape.slice(axis + 1), strides: strides.slice(axis + 1) };
    this.tiles++;

    if (this.tile.length === 0) this.tile = wordsOf(size, steps * columns * size);
    const span = ((count - 1) * stride + 1) * size;
    const pitch = span + lineBytes - (span % lineBytes) + lineBytes;
    const atOnce = Math.max(1, Math.min(columnsAtOnce, columns, Math.floor(stripBytes / pitch)));
    const read = async (strips: Words, column: number) => {
      const here = Math.min(atOnce, columns - column);
      const reads = Array.from({ length: here }, (_, i) => {
        const from = base + offsetOf(column + i, after.shape, after.strides);
        return this.bytes.read(new Uint8Array(strips.buffer, i * pitch, span), from * size);
      });
      await Promise.all(reads);
      return { strips, here };
    };
    // The next strips are read while these are written to the tile.
    let [spare, reading] = [wordsOf(size, atOnce * pitch), read(wordsOf(size, atOnce * pitch), 0)];
    for (let column = 0; column < columns; column += atOnce) {
      const { strips, here } = await reading;
      if (column + atOnce < columns) reading = read(spare, column + atOnce);
      const wordBytes = strips.BYTES_PER_ELEMENT;
      const sizes = { steps: count, columns, here, words: size / wordBytes };
      interleave(strips, pitch / wordBytes, stride, this.tile, column, sizes);
      spare = strips;
    }
    this.at = 0;
    this.end = count * columns * size;
  }
}

/** The tiling that reads the least, where a tile is not to be larger than `most`. */
function tilingOf(shape: readonly number[], strides: readonly number[], size: number, most: number): Tiling {
  let best: Tiling | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [axis, all] of shape.entries()) {
    const stride = strides[axis];
    const columns = product(shape.slice(axis + 1));
    const inStrip = Math.floor((stripBytes / size - 1) / stride) + 1;
    const steps = Math.min(all, inStrip, Math.floor(most / (columns * size)));
    if (steps < 1) continue;
    const strips = stride * Math.ceil(all / steps) * columns;
    const cost = strips * (readCost + ((steps - 1) * stride + 1) * size);
    if (cost >= least) continue;
    least = cost;
    best = { axis, steps, stride, columns };
  }
  // Along the last axis, a step is one element, and fits.
  return best as Tiling;
}

/** Puts strips beside each other into the tile, from `column` on. @param pitch from one strip to the next, in words */
function interleave(
  strips: Words,
  pitch: number,
  stride: number,
  tile: Words,
  column: number,
  { steps, columns, here, words }: { steps: number; columns: number; here: number; words: number },
): void {
  let i = 0;
  if (words === 1) {
    // Written out for eight strips, which halves the time or better: half a cache line of each row is written at once.
    for (; i + 8 <= here; i += 8) {
      let from = i * pitch;
      let to = column + i;
      for (let step = 0; step < steps; step++, from += stride, to += columns) {
        tile[to] = strips[from];
        tile[to + 1] = strips[from + pitch];
        tile[to + 2] = strips[from + 2 * pitch];
        tile[to + 3] = strips[from + 3 * pitch];
        tile[to + 4] = strips[from + 4 * pitch];
        tile[to + 5] = strips[from + 5 * pitch];
        tile[to + 6] = strips[from + 6 * pitch];
        tile[to + 7] = strips[from + 7 * pitch];
      }
    }
  }
  for (; i < here; i++) {
    for (let word = 0; word < words; word++) {
      let from = i * pitch + word;
      let to = (column + i) * words + word;
      for (let step = 0; step < steps; step++, from += stride * words, to += columns * words) tile[to] = strips[from];
    }
  }
}

/** How far into the file the elements of a combination of indices begin. Combinations count with their last index fastest. */
function offsetOf(combination: number, shape: readonly number[], strides: readonly number[]): number {
  let rest = combination;
  let offset = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    offset += (rest % shape[axis]) * strides[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return offset;
}

function wordsOf(size: number, bytes: number): Words {
  if (size === 1) return new Uint8Array(bytes);
  return size === 2 ? new Uint16Array(bytes / 2) : new Uint32Array(bytes / 4);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}
