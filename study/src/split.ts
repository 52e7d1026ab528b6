/** One tensor as its slices along an axis: stacked states, [layers, tokens, d], as a site per layer. */
import type { Container, StoredTensor, TensorReader } from "@orthonorm/files";
import { counted, listed, printable } from "@orthonorm/files";
import { OptionError, StudyError } from "./error.js";

/** How much is read at a time of what is skipped. */
const skippedBytes = 1 << 20;

/**
 * The containers with the slices of their tensors as tensors, `name[0]`, `name[1]` and so on. Tensors that would not have rows left,
 * for they have too few dimensions, stay as they are.
 *
 * @param axis to slice along: any but the last, which is a row
 * @throws OptionError where nothing can be split
 */
export function splitTensors(containers: readonly Container[], axis: number): Container[] {
  const stacked = ({ shape }: StoredTensor) => shape.length > 2 && axis < shape.length - 1;
  if (!containers.some(({ tensors }) => tensors.some(stacked))) {
    const got = containers.flatMap(({ tensors }) =>
      tensors.map(({ name, shape }) => `${printable(name)} [${shape.join(", ")}]`),
    );
    throw new OptionError(
      `--split ${axis} expected a tensor of three dimensions or more, with axis ${axis} before the last, got ${listed(got, 3)}`,
    );
  }
  return containers.map((container) => ({
    ...container,
    tensors: container.tensors.flatMap((tensor) => (stacked(tensor) ? slices(tensor, axis, container) : [tensor])),
  }));
}

/** A slice as a tensor. What is known of the tensor it comes from, such as its norm's eps, holds for it too. */
interface Slice extends StoredTensor {
  readonly origin: string;
}

/** The name that a tensor has in its file, of which a slice's is made. */
export function originOf(tensor: StoredTensor | Slice): string {
  return "origin" in tensor ? tensor.origin : tensor.name;
}

function slices(tensor: StoredTensor, axis: number, { source }: Container): Slice[] {
  const { name, shape, bytes } = tensor;
  const count = shape[axis];
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const rest = shape.filter((_, at) => at !== axis);
  // Slices that lie one after another are read in one pass, which is the only one that a stream has.
  const pass = outer === 1 ? new OnePass(tensor) : null;
  return Array.from({ length: count }, (_, index) => ({
    ...tensor,
    name: `${name}[${index}]`,
    origin: name,
    shape: rest,
    bytes: bytes / count,
    async open() {
      if (pass !== null) return pass.slice(index * (bytes / count), bytes / count);
      if (source.size === null) {
        throw new StudyError(
          `${printable(source.name)} expected a file for --split ${axis}, which reads it once per slice, got a stream: save it first`,
        );
      }
      return new StridedSlice(await tensor.open(), index, count, bytes / count / outer);
    },
  }));
}

/** A tensor's reader, shared by slices that are read in their order. Those that nobody asks for are skipped. */
class OnePass {
  private reader: TensorReader | null = null;
  private at = 0;

  constructor(private readonly tensor: StoredTensor) {}

  async slice(start: number, bytes: number): Promise<TensorReader> {
    if (start < this.at) await this.close();
    this.reader ??= await this.tensor.open();
    const { reader } = this;
    await skip(reader, start - this.at);
    this.at = start;
    return {
      read: async (into) => {
        const { length } = into;
        await reader.read(into);
        this.at += length;
      },
      // The next slice goes on where this one ends. One that was stopped early is the last.
      close: async () => {
        if (this.at < start + bytes || this.at === this.tensor.bytes) await this.close();
      },
    };
  }

  private async close(): Promise<void> {
    await this.reader?.close();
    this.reader = null;
    this.at = 0;
  }
}

/** Every `count`th run of `run` bytes, from the one at `index` on. */
class StridedSlice implements TensorReader {
  /** How many bytes of the current run are left. */
  private left = 0;
  private before: number;

  constructor(
    private readonly reader: TensorReader,
    index: number,
    private readonly count: number,
    private readonly run: number,
  ) {
    this.before = index * run;
  }

  async read(into: Uint8Array): Promise<void> {
    for (let at = 0; at < into.length; ) {
      if (this.left === 0) {
        await skip(this.reader, this.before);
        this.before = (this.count - 1) * this.run;
        this.left = this.run;
      }
      const part = Math.min(this.left, into.length - at);
      await this.reader.read(into.subarray(at, at + part));
      this.left -= part;
      at += part;
    }
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}

async function skip(reader: TensorReader, bytes: number): Promise<void> {
  if (bytes === 0) return;
  const skipped = new Uint8Array(Math.min(bytes, skippedBytes));
  for (let left = bytes; left > 0; left -= skippedBytes) {
    await reader.read(skipped.subarray(0, Math.min(left, skippedBytes)));
  }
}

/** A stack of more slices than this is one of texts or tokens, not of layers. */
const mostLayers = 512;

/** From this share of the variance on that lies between slices, they are of different kinds. */
const mostOfIt = 0.5;

/**
 * Watches whether the slices of a tensor along its first axis differ, as those of layers do and those of texts do not: by how
 * much of the variance of θ, or of the logarithm of ‖x‖, lies between them.
 */
export class SliceSpread {
  private readonly angle: OneWay;
  private readonly length: OneWay;
  private row = 0;
  private readonly rowsPerSlice: number;

  private constructor(private readonly shape: readonly number[]) {
    this.rowsPerSlice = shape.slice(1, -1).reduce((product, size) => product * size, 1);
    this.angle = new OneWay(shape[0]);
    this.length = new OneWay(shape[0]);
  }

  /** Null for tensors whose shape does not call for the question. */
  static of({ shape }: StoredTensor): SliceSpread | null {
    const asked = shape.length > 2 && shape[0] > 1 && shape[0] <= mostLayers && shape[1] > 1;
    return asked ? new SliceSpread(shape) : null;
  }

  add({ length, uniform, orthogonal }: Record<"length" | "uniform" | "orthogonal", Float64Array>, count: number): void {
    for (let i = 0; i < count; i++, this.row++) {
      if (!(length[i] > 0) || !Number.isFinite(length[i])) continue;
      const slice = Math.floor(this.row / this.rowsPerSlice);
      this.angle.add(slice, (Math.atan2(orthogonal[i], uniform[i]) * 180) / Math.PI);
      this.length.add(slice, Math.log(length[i]));
    }
  }

  /** The advice to split, as a sentence; null where the slices are alike. */
  advice(name: string): string | null {
    const differ = Math.max(this.angle.between, this.length.between) >= mostOfIt;
    if (!differ && this.shape.length < 4) return null;
    const angles = listed(
      this.angle.means.map((mean) => `${mean.toFixed(2)}°`),
      3,
    );
    const [first] = this.shape;
    const why = differ
      ? `has ${counted(first, "slice")} along its first axis that differ (θ ${angles})`
      : `has ${counted(this.shape.length, "dimension")}`;
    return `${printable(name)} [${this.shape.join(", ")}] ${why}: if those are layers, --split 0 makes a site of each.`;
  }
}

/** Variance between groups and within them. Source: R. A. Fisher, Statistical Methods for Research Workers, 1925, ch. VII. */
class OneWay {
  private readonly counts: Float64Array;
  private readonly sums: Float64Array;
  private squares = 0;

  constructor(groups: number) {
    this.counts = new Float64Array(groups);
    this.sums = new Float64Array(groups);
  }

  add(group: number, value: number): void {
    this.counts[group]++;
    this.sums[group] += value;
    this.squares += value * value;
  }

  get means(): number[] {
    return Array.from(this.sums, (sum, group) => sum / this.counts[group]).filter(Number.isFinite);
  }

  /** The share of the variance that lies between the groups: η². */
  get between(): number {
    const rows = this.counts.reduce((all, count) => all + count, 0);
    const mean = this.sums.reduce((all, sum) => all + sum, 0) / rows;
    const total = this.squares - rows * mean * mean;
    const between = this.sums.reduce(
      (all, sum, group) => (this.counts[group] === 0 ? all : all + sum ** 2 / this.counts[group]),
      -rows * mean * mean,
    );
    return total > 1e-9 * this.squares ? between / total : 0;
  }
}
