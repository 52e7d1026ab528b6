/** Engine memory for a block of rows, and what the engine measures of the rows in it. */
import { angle, convert, type DType, type Engine, geometry, layerNorm, rmsNorm, type Tensor } from "orthonorm";
import { type Columns, columnsOf, noAngle, type Terms } from "./measures.js";
import { degrees } from "./null-model.js";
import type { Floats } from "./sample.js";

/** The weight and bias of a site's norm, in the element type in which its rows are measured. */
export interface Affine {
  weight: Floats;
  bias: Floats | null;
}

export const elementTypes: Record<string, DType> = { F64: "f64", F32: "f32", F16: "f16", BF16: "bf16" };

/** Bytes of rows per block: large enough that a block costs little besides its rows, small enough for a page. */
const blockBytes = 4 << 20;

/** How many of a site's rows make a block. */
export function blockRowsOf(rows: number, rowBytes: number): number {
  return Math.min(rows, Math.max(1, Math.floor(blockBytes / rowBytes)));
}

/** Memory for a block of rows as they are stored, filled again and again. */
export class Block {
  readonly stored: Tensor;
  /** One row of halves as f32. A temporary in its place could make the memory grow while the next block is read. */
  private readonly widened: Tensor<"f32"> | null;

  constructor(
    engine: Engine,
    stored: string,
    readonly rows: number,
    private readonly cols: number,
  ) {
    const dtype = elementTypes[stored];
    this.stored = engine.tensor(dtype, [rows, cols]);
    this.widened = isHalf(dtype) ? engine.tensor("f32", cols) : null;
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
    const { stored, widened, cols } = this;
    const copy = into ?? new (stored.dtype === "f64" ? Float64Array : Float32Array)(cols);
    if (widened === null) copy.set(stored.data.subarray(row * cols, (row + 1) * cols));
    else copy.set(convert(stored.view({ shape: cols, offset: row * cols }), "f32", { out: widened }).data);
    return copy;
  }

  dispose(): void {
    this.stored.dispose();
    this.widened?.dispose();
  }
}

/** Measures blocks of one size, one after another. */
export class Measurer {
  /** Halves as f32 where they go through a norm, whose result would be rounded to halves. */
  private readonly whole: Tensor | null;
  private readonly y: Tensor | null = null;
  private readonly z: Tensor | null = null;
  private readonly columns: Columns;

  constructor(
    engine: Engine,
    stored: string,
    rows: number,
    private readonly terms: Terms,
  ) {
    const dtype = elementTypes[stored];
    const shape = [rows, terms.cols];
    this.columns = columnsOf(terms, rows);
    this.whole = terms.withAffine && isHalf(dtype) ? engine.tensor("f32", shape) : null;
    if (terms.withAffine) {
      this.y = engine.tensor(this.whole?.dtype ?? dtype, shape);
      this.z = engine.tensor(this.whole?.dtype ?? dtype, shape);
    }
  }

  /**
   * The first `count` rows of a block measured. Rows after them are measured too; they mean nothing.
   *
   * @returns columns that hold until a block is measured again
   */
  measure({ stored }: Block, count: number, affine: Affine | null): Columns {
    const { whole, y, z, columns } = this;
    const { norm, eps } = this.terms;
    const { norm: lengths, uniform, orthogonal } = geometry(stored);
    columns.length.set(lengths);
    columns.uniform.set(uniform);
    columns.orthogonal.set(orthogonal);
    if (affine === null || y === null || z === null) return columns;

    // every half is an f32, so the figures are those of the states themselves
    const x = whole === null ? stored : convert(stored, "f32", { out: whole });
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
    for (const tensor of [this.whole, this.y, this.z]) tensor?.dispose();
  }
}

/** A weight of zeros, or a row that is its mean throughout, leaves a vector without direction, which makes no angle with another. */
function angleOr(angle: number): number {
  return Number.isNaN(angle) ? noAngle : angle;
}

function isHalf(dtype: DType): boolean {
  return dtype === "f16" || dtype === "bf16";
}
