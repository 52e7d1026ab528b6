/**
 * One site: the vectors that enter one norm, measured by the engine and held against the oracle.
 *
 *   θ = angle(x, 1)   |90° − θ|   d·cos²θ   ‖x‖   ‖RMSNorm(x) − LN(x)‖/√d   max |Δ|/max(1, |y|) against the f64 oracle
 *
 * Rows are read, normalised and compared block by block, in engine memory that is filled straight from the file, so the
 * largest file needs no more memory than a small one (24 bytes a row are kept, for the quartiles).
 */
import { type Engine, geometry, layerNorm, rmsNorm, type Tensor } from "orthonorm";
import * as reference from "orthonorm/reference";
import { StudyFailure } from "./failure.js";
import { chanceDeviation, chanceSd, degrees } from "./null-model.js";
import type { SafetensorsFile, TensorEntry } from "./safetensors.js";
import { average, type Summary, summarize } from "./statistics.js";
import { counted, printable } from "./text.js";
import { widenBf16, widenF16 } from "./widen.js";

/** The figures of one site. Angles are in degrees; `rows` counts the tensor's rows, the excluded ones among them. */
export interface Site {
  source: string;
  site: string;
  dtype: string;
  rows: number;
  cols: number;
  /** Rows that have no angle: all zeros, or not finite. They are in none of the figures. */
  excluded: { zero: number; notFinite: number };
  angle: Summary;
  deviation: { mean: number };
  /** Random directions at this d: the sd of their angle, and their mean |90° − θ|. */
  null: { sd: number; deviation: number };
  dCos2: { mean: number };
  norm: { mean: number; median: number; max: number };
  /** ‖RMSNorm(x) − LN(x)‖/√d, both from the engine with the same eps, as a fraction. */
  swapError: { mean: number; max: number };
  /** The engine against the f64 oracle: the largest |Δ|/max(1, |y|) over the outputs of both norms, in so many rows. */
  error: { max: number; rows: number };
  /** Whether every row's mean is zero up to rounding, so that the angle is 90° by construction. */
  centred: boolean;
}

export interface Skipped {
  source: string;
  tensor: string;
  reason: string;
}

/** What a tensor is turned away for, or null where it is a site. */
export function unfit({ dtype, shape }: TensorEntry): string | null {
  if (!Object.hasOwn(unitRoundoff, dtype)) return `${dtype}, not F32, F64, F16 or BF16`;
  if (shape.length !== 2) return `${shape.length}-D, not 2-D`;
  return shape.includes(0) ? "empty" : null;
}

/** By dtype of the file, half the distance between 1 and the next number. */
const unitRoundoff: Record<string, number> = { F64: 2 ** -53, F32: 2 ** -24, F16: 2 ** -11, BF16: 2 ** -8 };

/**
 * Below what |mean|/RMS = |cos θ| the states count as centred beforehand: 1e-6, or what rounding centred rows to a 16-bit
 * format leaves of their zero mean.
 */
function centredBelow(dtype: string, cols: number): number {
  return Math.max(1e-6, (2 * unitRoundoff[dtype]) / Math.sqrt(cols));
}

const blockBytes = 8 << 20;

/**
 * The oracle takes half a microsecond an element, a thousand times as long as the engine: of a site with more elements
 * than this, evenly spaced rows are checked.
 */
const checkedElements = 1 << 19;

/**
 * Measures one 2-D float tensor of a file.
 *
 * @param progress told of the bytes read, block by block
 * @returns the figures, or in words why there are none
 * @throws StudyFailure where the file ends early or a row does not fit in memory
 */
export async function measure(
  engine: Engine,
  file: SafetensorsFile,
  entry: TensorEntry,
  eps: number,
  progress: (bytes: number) => void,
): Promise<Site | string> {
  const [rows, cols] = entry.shape;
  const rowBytes = cols * (entry.dtype === "F64" ? 8 : 4);
  const blockRows = Math.min(rows, Math.max(1, Math.floor(blockBytes / rowBytes)));

  const angles = new Float64Array(rows);
  const norms = new Float64Array(rows);
  const deviations = new Float64Array(rows);
  const excluded = { zero: 0, notFinite: 0 };
  let kept = 0;
  let cos2 = 0;
  let greatestCos = 0;
  const swap = { sum: 0, max: 0 };
  const error = { max: 0, rows: 0 };
  const checkEvery = Math.ceil((rows * cols) / Math.max(cols, checkedElements));

  let block: Block | null = null;
  try {
    for (let first = 0; first < rows; first += blockRows) {
      const count = Math.min(blockRows, rows - first);
      if (block?.rows !== count) {
        block?.dispose();
        block = allocate(engine, file, entry, count);
      }
      await block.fill(file, first);
      const { norm, uniform, orthogonal, cosine } = geometry(block.x);
      const outputs = block.normalize(eps);

      for (let row = 0; row < count; row++) {
        if (norm[row] === 0) excluded.zero++;
        else if (!Number.isFinite(norm[row])) excluded.notFinite++;
        else {
          // From both components: an arc cosine would lose digits near 0°, and |90° − θ| must not be a difference.
          const lean = Math.atan2(uniform[row], orthogonal[row]) * degrees;
          angles[kept] = 90 - lean;
          deviations[kept] = Math.abs(lean);
          norms[kept] = norm[row];
          kept++;
          cos2 += cosine[row] * cosine[row];
          greatestCos = Math.max(greatestCos, Math.abs(cosine[row]));
          const apart = rmsDifference(outputs, row * cols, cols);
          swap.sum += apart;
          swap.max = Math.max(swap.max, apart);
          if ((first + row) % checkEvery === 0) {
            error.max = Math.max(error.max, engineError(outputs, row * cols, cols, eps));
            error.rows++;
          }
        }
      }
      progress((entry.bytes / rows) * count);
    }
  } finally {
    block?.dispose();
  }

  if (kept === 0) return `no row has an angle: ${describeExcluded(excluded)}`;
  const norm = summarize(norms.subarray(0, kept));
  return {
    source: file.name,
    site: entry.name,
    dtype: entry.dtype,
    rows,
    cols,
    excluded,
    angle: summarize(angles.subarray(0, kept)),
    deviation: { mean: average(deviations.subarray(0, kept)) },
    null: { sd: chanceSd(cols), deviation: chanceDeviation(cols) },
    dCos2: { mean: (cols * cos2) / kept },
    norm: { mean: norm.mean, median: norm.median, max: norm.max },
    swapError: { mean: swap.sum / kept, max: swap.max },
    error,
    centred: greatestCos < centredBelow(entry.dtype, cols),
  };
}

function allocate(engine: Engine, file: SafetensorsFile, entry: TensorEntry, rows: number): Block {
  try {
    return new Block(engine, entry, rows);
  } catch (error) {
    // The engine refuses what does not fit in its memory with a RangeError.
    if (!(error instanceof RangeError)) throw error;
    const tensor = `tensor "${printable(entry.name)}"`;
    throw new StudyFailure(
      `${printable(file.name)} expected ${tensor} to have rows that fit in memory, got rows of ${entry.shape[1]} (${error.message})`,
    );
  }
}

export function describeExcluded({ zero, notFinite }: Site["excluded"]): string {
  const parts: string[] = [];
  if (zero > 0) parts.push(`${counted(zero, "row")} of zeros`);
  if (notFinite > 0) parts.push(`${counted(notFinite, "row")} with NaN or infinite values`);
  return parts.join(", ");
}

/** Reads `count` rows of a float tensor from row `first` on into `into`, in the element type it is measured in. */
export async function readRows(file: SafetensorsFile, entry: TensorEntry, first: number, into: Floats): Promise<void> {
  const cols = entry.shape[1];
  const size = entry.dtype === "F64" ? 8 : entry.dtype === "F32" ? 4 : 2;
  const position = entry.position + first * cols * size;
  if (size > 2) {
    // Safetensors is little-endian, and so are WebAssembly and every machine Node runs on but s390x.
    await file.read(new Uint8Array(into.buffer, into.byteOffset, into.byteLength), position);
    return;
  }
  const bits = new Uint16Array(into.length);
  await file.read(new Uint8Array(bits.buffer), position);
  (entry.dtype === "F16" ? widenF16 : widenBf16)(bits, into as Float32Array);
}

type Floats = Float32Array | Float64Array;

/** A block of rows and what the two norms, without weight or bias, make of it. */
interface Outputs {
  x: Floats;
  layer: Floats;
  rms: Floats;
}

/** Engine memory for a block of rows, reused for every block of that many. */
class Block {
  readonly x: Tensor;
  private readonly layer: Tensor;
  private readonly rms: Tensor;

  constructor(
    engine: Engine,
    private readonly entry: TensorEntry,
    readonly rows: number,
  ) {
    const dtype = entry.dtype === "F64" ? "f64" : "f32";
    const shape = [rows, entry.shape[1]];
    this.x = engine.tensor(dtype, shape);
    this.layer = engine.tensor(dtype, shape);
    this.rms = engine.tensor(dtype, shape);
  }

  fill(file: SafetensorsFile, first: number): Promise<void> {
    return readRows(file, this.entry, first, this.x.data as Floats);
  }

  normalize(eps: number): Outputs {
    layerNorm(this.x, { eps, out: this.layer });
    rmsNorm(this.x, { eps, out: this.rms });
    return { x: this.x.data as Floats, layer: this.layer.data as Floats, rms: this.rms.data as Floats };
  }

  dispose(): void {
    this.x.dispose();
    this.layer.dispose();
    this.rms.dispose();
  }
}

/** ‖RMSNorm(x) − LN(x)‖/√d of one row. */
function rmsDifference({ layer, rms }: Outputs, start: number, cols: number): number {
  let squares = 0;
  for (let i = start; i < start + cols; i++) squares += (rms[i] - layer[i]) ** 2;
  return Math.sqrt(squares / cols);
}

/** The largest |Δ|/max(1, |y|) of one row, over both norms, the oracle's being y. */
function engineError({ x, layer, rms }: Outputs, start: number, cols: number, eps: number): number {
  const row = x.subarray(start, start + cols);
  const trueLayer = reference.layerNorm(row, { eps }).y;
  const trueRms = reference.rmsNorm(row, { eps }).y;
  let largest = 0;
  for (let i = 0; i < cols; i++) {
    largest = Math.max(
      largest,
      Math.abs(layer[start + i] - trueLayer[i]) / Math.max(1, Math.abs(trueLayer[i])),
      Math.abs(rms[start + i] - trueRms[i]) / Math.max(1, Math.abs(trueRms[i])),
    );
  }
  return largest;
}
