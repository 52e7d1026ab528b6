/**
 * Measures the rows of one tensor with the engine, and adds them to the sums of its site: one pass, block by block. While the
 * engine measures a block, the next is read from the file straight into engine memory of its own. So the largest file needs no
 * more memory than a small one.
 */
import { printable, type StoredTensor, type TensorReader } from "@orthonorm/files";
import { angle, convert, type DType, type Engine, geometry, layerNorm, rmsNorm, type Tensor } from "orthonorm";
import { StudyError } from "../error.js";
import { BottomK, type Counted } from "../summary/bottom-k.js";
import { elementsPrint, lengthsPrint, lowerRange } from "./fingerprint.js";
import { type Columns, columnsOf, noAngle, type Terms } from "./measures.js";
import { binOf } from "./norm-bin.js";
import { degrees } from "./null-model.js";
import { Batch } from "./repeats.js";
import { FewRows, fewRows } from "./row-sums.js";
import { type Floats, SampleSums, sampleRows } from "./sample.js";
import { type SiteKey, SiteSums } from "./site.js";

/** The weight and bias of a site's norm, in the element type in which its rows are measured. */
export interface Affine {
  weight: Floats;
  bias: Floats | null;
}

export interface Collecting {
  /** What the file is called in messages. */
  source: string;
  affine: Affine | null;
  /** Per row, 0 where it is padding. One that is shorter than the rows is repeated. */
  mask?: Uint8Array | null;
  /** Is shown the measures of each block's rows, masked ones too. */
  observe?: (columns: Columns, count: number) => void;
  /** Is told the bytes read, block by block. */
  progress: (bytes: number) => void;
  signal?: AbortSignal;
}

export const elementTypes: Record<string, DType> = { F64: "f64", F32: "f32", F16: "f16", BF16: "bf16" };

/** Bytes of the file per block: large enough that a block costs little besides its rows, small enough for a page. */
const blockBytes = 4 << 20;

/** The squares of longer rows leave the range of doubles. */
const longest = 1e150;

export interface Collected {
  sums: SiteSums;
  /** The sampled rows, where halves are f32; null where no row has a direction. */
  sample: Floats | null;
}

/**
 * @returns the site's sums; where the signal stopped it, of the rows read until then
 * @throws StudyError where the file ends early or a row does not fit in memory
 */
export async function collect(
  engine: Engine,
  tensor: StoredTensor,
  key: SiteKey,
  { source, affine, mask = null, observe, progress, signal }: Collecting,
): Promise<Collected> {
  const { cols, eps } = key;
  const rows = tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const rowBytes = tensor.bytes / rows;
  const blockRows = Math.min(rows, Math.max(1, Math.floor(blockBytes / rowBytes)));
  const sums = new SiteSums(key);
  sums.rows = rows;
  const sample = new RowSample(sampleRows(cols));

  const blocks: Block[] = [];
  let reader: TensorReader | null = null;
  try {
    try {
      blocks.push(new Block(engine, tensor.dtype, blockRows, sums.terms));
      if (rows > blockRows) blocks.push(new Block(engine, tensor.dtype, blockRows, sums.terms));
      // Measured once before it is filled, so that the engine's memory does not grow later: growth would detach the memory that
      // a read is filling.
      blocks[0].measure(blockRows, affine);
    } catch (error) {
      throw unfitFor(source, tensor, cols, error);
    }
    reader = await tensor.open();
    let at = 0;
    const next = () => {
      const count = Math.min(blockRows, rows - at);
      const block = blocks[(at / blockRows) % blocks.length];
      const into = block.bytes(count);
      at += count;
      return { block, count, into, filled: (reader as TensorReader).read(into) };
    };
    let coming: ReturnType<typeof next> | null = next();
    while (coming !== null) {
      const { block, count, into, filled } = coming;
      await filled;
      // What a read writes into memory that has moved is lost, and the figures would be those of other rows.
      if (into.byteLength === 0)
        throw new Error("collect expected engine memory of one size, got growth during a read");
      coming = at < rows && !signal?.aborted ? next() : null;
      // A read that fails before it is awaited would end the process as an unhandled rejection; awaiting it throws all the same.
      coming?.filled.catch(() => {});
      const columns = block.measure(count, affine);
      observe?.(columns, count);
      take(sums, sample, block, columns, count, mask);
      sums.read += count;
      progress(count * rowBytes);
    }
  } finally {
    for (const block of blocks) block.dispose();
    await reader?.close();
  }
  const sampled = ordinarySample(sums, sample, cols);
  if (sampled === null) return { sums, sample: null };
  sums.addSample(SampleSums.measure(engine, sampled.rows, sampled.counts, cols, eps));
  return { sums, sample: sampled.rows };
}

/** The rows of a block whose copies are not counted yet. */
const batch = new Batch();

/** Adds the first `count` rows of a block that was measured. */
function take(
  sums: SiteSums,
  sample: RowSample,
  block: Block,
  columns: Columns,
  count: number,
  mask: Uint8Array | null,
): void {
  const { length: lengths, uniform, scaled } = columns;
  const [lengthWords, uniformWords] = [lengths, uniform].map(({ buffer }) => new Uint32Array(buffer));
  const { withAffine } = sums.terms;
  sums.addTokens(columns, count, mask);
  const elements = block.words;
  const rowWords = elements.length / block.rows;
  const { sums: added } = sums;
  const { repeats } = added;
  // Few rows come in one block.
  const few = sums.rows <= Math.min(fewRows, block.rows);
  const directed: number[] = [];
  const fingerprints: number[] = [];
  batch.size = 0;
  for (let row = 0; row < count; row++) {
    const length = lengths[row];
    if (mask !== null && mask[(sums.read + row) % mask.length] === 0) sums.addMasked();
    else if (length === 0) sums.addZero();
    else if (!(length <= longest) || (withAffine && !(scaled[row] <= longest))) sums.addNotFinite();
    else {
      const k = binOf(length);
      const least = lengthsPrint(lengthWords, uniformWords, row);
      if (!few) {
        added.bin(k).add(row);
        batch.add(row, least / lowerRange);
        if (batch.full) repeats.count(batch, columns, elements, rowWords);
      }
      const wanted = sample.wants(least);
      if (!few && !wanted && !repeats.wants(least)) continue;
      const print = least + elementsPrint(least, elements, row * rowWords, rowWords);
      if (few) {
        directed.push(row);
        fingerprints.push(print);
      } else repeats.add(print);
      if (wanted) sample.add(print, k, block, row);
    }
  }
  if (few) sums.keep(new FewRows(sums.terms, columns, directed, fingerprints));
  else {
    repeats.count(batch, columns, elements, rowWords);
    added.settle(columns);
  }
}

interface SampledRow {
  elements: Floats;
  /** The bin in which it was counted, which decides whether it is massive: its length, computed again, may round differently. */
  bin: number;
}

/** Rows that are kept whole. A row that is dropped leaves its memory to the next. */
class RowSample {
  private readonly spare: Floats[] = [];
  private readonly distinct: BottomK<SampledRow>;

  constructor(rows: number) {
    this.distinct = new BottomK(rows, ({ elements }) => this.spare.push(elements));
  }

  wants(least: number): boolean {
    return this.distinct.wants(least);
  }

  add(fingerprint: number, bin: number, block: Block, row: number): void {
    this.distinct.add(fingerprint, () => ({ elements: block.copy(row, this.spare.pop()), bin }));
  }

  /** The rows, and how often each occurs. */
  rows(): Counted<SampledRow>[] {
    return this.distinct.entries().map(([, kept]) => kept);
  }
}

/** Those of the sampled rows that are not massive. */
function ordinarySample(sums: SiteSums, sample: RowSample, cols: number): { rows: Floats; counts: number[] } | null {
  if (sums.unfit !== null) return null;
  const { massiveAbove } = sums;
  const kept = sample.rows().filter(({ row: { bin } }) => 2 ** bin < massiveAbove);
  if (kept.length === 0) return null;
  const rows = new (kept[0].row.elements instanceof Float64Array ? Float64Array : Float32Array)(kept.length * cols);
  for (const [i, { row }] of kept.entries()) rows.set(row.elements, i * cols);
  // A vector that counts once in the figures counts once in the sample.
  const often = sums.often();
  return { rows, counts: kept.map(({ count }) => (count >= often ? 1 : count)) };
}

/** Engine memory for a block of rows, filled again and again. */
class Block {
  private readonly stored: Tensor;
  /** The rows in the element type in which they are measured. Halves are f32 where they go through a norm, whose result would be rounded to halves. */
  private readonly x: Tensor;
  private readonly y: Tensor | null = null;
  private readonly z: Tensor | null = null;
  /** One row of halves as f32. A temporary in its place could make the memory grow while the next block is read. */
  private readonly widened: Tensor<"f32"> | null;
  private readonly columns: Columns;

  constructor(
    engine: Engine,
    stored: string,
    readonly rows: number,
    private readonly terms: Terms,
  ) {
    const dtype = elementTypes[stored];
    const shape = [rows, terms.cols];
    this.columns = columnsOf(terms, rows);
    this.stored = engine.tensor(dtype, shape);
    this.widened = isHalf(dtype) ? engine.tensor("f32", terms.cols) : null;
    this.x = terms.withAffine && isHalf(dtype) ? engine.tensor("f32", shape) : this.stored;
    if (terms.withAffine) {
      this.y = engine.tensor(this.x.dtype, shape);
      this.z = engine.tensor(this.x.dtype, shape);
    }
  }

  /** The memory for the bytes of the first `rows` rows. */
  bytes(rows: number): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.stored.data;
    return new Uint8Array(buffer, byteOffset, (byteLength / this.rows) * rows);
  }

  /** The elements as they are stored, in words of 16 or 32 bits; an f64 is two words. */
  get words(): Uint16Array | Uint32Array {
    const { data } = this.stored;
    return data instanceof Uint16Array ? data : new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  }

  /** A copy of a row, where halves become f32. @param into as long as a row */
  copy(row: number, into?: Floats): Floats {
    const { stored, widened } = this;
    const { cols } = this.terms;
    const copy = into ?? new (stored.dtype === "f64" ? Float64Array : Float32Array)(cols);
    if (widened === null) copy.set(stored.data.subarray(row * cols, (row + 1) * cols));
    else copy.set(convert(stored.view({ shape: cols, offset: row * cols }), "f32", { out: widened }).data);
    return copy;
  }

  /**
   * The first `count` rows measured. In the last block, rows after them are measured too; they mean nothing.
   *
   * @returns columns that hold until the block is measured again
   */
  measure(count: number, affine: Affine | null): Columns {
    const { x, y, z, columns } = this;
    const { norm, eps } = this.terms;
    const { norm: lengths, uniform, orthogonal } = geometry(this.stored);
    columns.length.set(lengths);
    columns.uniform.set(uniform);
    columns.orthogonal.set(orthogonal);
    if (affine === null || y === null || z === null) return columns;

    // every half is an f32, so the figures are those of the states themselves
    if (x !== this.stored) convert(this.stored, "f32", { out: x });
    const { weight, bias } = affine;
    const parameters = { eps, weight, ...(bias === null ? {} : { bias }) };
    if (norm === "LayerNorm") {
      layerNorm(x, { eps, out: y });
      layerNorm(x, { out: z, ...parameters });
    } else {
      rmsNorm(x, { eps, out: y });
      rmsNorm(x, { out: z, ...parameters });
    }
    const { norm: scaled, uniform: along, orthogonal: across } = geometry(z);
    const rotation = angle(y, z);
    const total = angle(x, z);
    columns.scaled.set(scaled);
    for (let row = 0; row < count; row++) {
      const directed = scaled[row] > 0;
      columns.angleAfter[row] = directed ? angleOr(90 - Math.atan2(along[row], across[row]) * degrees) : noAngle;
      columns.affine[row] = angleOr(rotation[row] * degrees);
      columns.total[row] = angleOr(total[row] * degrees);
    }
    return columns;
  }

  dispose(): void {
    for (const tensor of new Set([this.stored, this.widened, this.x, this.y, this.z])) tensor?.dispose();
  }
}

/** A weight of zeros, or a row that is its mean throughout, leaves a vector without direction, which makes no angle with another. */
function angleOr(angle: number): number {
  return Number.isNaN(angle) ? noAngle : angle;
}

function unfitFor(source: string, tensor: StoredTensor, cols: number, error: unknown): unknown {
  // The engine refuses what does not fit in its memory with a RangeError.
  if (!(error instanceof RangeError)) return error;
  return new StudyError(
    `${printable(source)} expected tensor "${printable(tensor.name)}" to have rows that fit in memory, got rows of ${cols} (${error.message})`,
  );
}

function isHalf(dtype: DType): boolean {
  return dtype === "f16" || dtype === "bf16";
}
