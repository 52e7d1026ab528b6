/** A checkpoint's tensors, taken one by one into the engine's memory, and in the end held against what the file has. */
import { listed, type ReadTensor, type TensorArray } from "@orthonorm/files";
import { convert, type Engine, type Quantized, quantizeWeights, type Tensor } from "orthonorm";
import type { Checkpoint, CheckpointTensor } from "./checkpoint.js";
import { expected } from "./error.js";

/** What weights of projections are kept as: as in the file, in f32, or as whole numbers of 8 bits. */
export type WeightKind = "stored" | "f32" | "int8";

export type Weight = Tensor | Quantized;

/** A projection in memory. */
export interface Projected {
  readonly weight: Weight;
  readonly bias: Tensor | undefined;
}

/** Rows of a projection's weight, from one tensor of the file. */
export interface Part {
  readonly name: string;
  readonly rows: number;
  readonly bias: boolean;
}

type Stored = "f32" | "f16" | "bf16";
const storedAs: Readonly<Record<string, Stored>> = { F32: "f32", F64: "f32", F16: "f16", BF16: "bf16" };

export class TensorsOf {
  private readonly taken = new Set<string>();

  constructor(
    private readonly checkpoint: Checkpoint,
    private readonly engine: Engine,
    private readonly kind: WeightKind,
  ) {}

  /** A vector of parameters, in f32. */
  async vector(name: string, length: number): Promise<Tensor> {
    return this.inF32(await this.read(name, [length]), [length]);
  }

  /** Rows of an embedding, as they are stored. */
  async rows(name: string, cols: number, count: number | null): Promise<Tensor> {
    const shape = [count ?? this.shapeOf(name)?.[0] ?? 1, cols];
    const { dtype, data } = await this.read(name, shape);
    if (this.kind === "f32" || dtype === "F64") return this.inF32({ dtype, shape, data }, shape);
    return this.engine.tensor(storedAs[dtype], shape, data as Float32Array | Uint16Array);
  }

  /** Weights of these parts below each other, as [rows, cols]. */
  async projection(
    parts: readonly Part[],
    cols: number,
    arrange: (values: TensorArray, rows: number) => TensorArray,
    layout: "Linear" | "Conv1D",
  ): Promise<Projected> {
    const read: ReadTensor[] = [];
    for (const { name, rows } of parts) {
      const shape = layout === "Conv1D" ? [cols, rows] : [rows, cols];
      const { dtype, data } = await this.read(`${name}.weight`, shape);
      const upright = layout === "Conv1D" ? transposed(data, cols, rows) : data;
      read.push({ dtype, shape: [rows, cols], data: arrange(upright, rows) });
    }
    const weight = this.weightOf(this.joined(read, cols));
    if (!parts.some(({ bias }) => bias)) return { weight, bias: undefined };
    const bias = this.engine.tensor(
      "f32",
      parts.reduce((sum, { rows }) => sum + rows, 0),
    );
    let at = 0;
    for (const part of parts) {
      if (part.bias) {
        const { dtype, data } = await this.read(`${part.name}.bias`, [part.rows]);
        const values = this.inF32({ dtype, shape: [part.rows], data: arrange(data, part.rows) }, [part.rows]);
        bias.data.set(values.data, at);
        values.dispose();
      }
      at += part.rows;
    }
    return { weight, bias };
  }

  /** An embedding as the weight of the head. */
  asHead(embedding: Tensor): Weight {
    return this.kind === "int8" ? this.quantized(embedding) : embedding;
  }

  /**
   * @param unused tensors that may be there and that no computation takes
   * @throws ModelError where the file has a tensor that nobody took: the model would not be what its file is
   */
  finish(unused: readonly string[]): void {
    const unknown = othersIn(this.checkpoint, new Set([...this.taken, ...unused]));
    if (unknown.length === 0) return;
    const { name, architecture } = this.checkpoint;
    throw expected(name, `the tensors of a ${architecture.name} alone`, `${listed(unknown)} too`);
  }

  private shapeOf(name: string): readonly number[] | undefined {
    return this.checkpoint.tensors.get(name)?.shape;
  }

  private async read(name: string, shape: readonly number[]): Promise<ReadTensor> {
    const tensor = tensorIn(this.checkpoint, name, shape);
    this.taken.add(name);
    return tensor.read();
  }

  private joined(parts: readonly ReadTensor[], cols: number): Tensor {
    const rows = parts.reduce((sum, { shape }) => sum + shape[0], 0);
    const kept = new Set(parts.map(({ dtype }) => storedAs[dtype]));
    const whole = this.kind === "stored" && kept.size === 1;
    const dtype = whole ? [...kept][0] : "f32";
    const into = this.engine.tensor(dtype, [rows, cols]);
    let at = 0;
    for (const part of parts) {
      if (dtype !== "f32" || part.data instanceof Float32Array) into.data.set(part.data as Float32Array, at);
      else {
        const values = this.inF32(part, part.shape);
        into.data.set(values.data, at);
        values.dispose();
      }
      at += part.data.length;
    }
    return into;
  }

  private weightOf(weight: Tensor): Weight {
    if (this.kind !== "int8") return weight;
    const numbers = this.quantized(weight);
    weight.dispose();
    return numbers;
  }

  private quantized(weight: Tensor): Quantized {
    return quantizeWeights(weight);
  }

  private inF32({ dtype, data }: ReadTensor, shape: readonly number[]): Tensor {
    const { engine } = this;
    const kind = storedAs[dtype];
    if (kind === "f32") return engine.tensor("f32", shape, data as Float32Array | Float64Array);
    const out = engine.tensor("f32", shape);
    convert(data as Uint16Array, "f32", { dtype: kind, out });
    return out;
  }
}

/** @throws ModelError where the checkpoint has no such tensor of this shape and of numbers that can be taken */
export function tensorIn(
  { tensors, name: file }: Checkpoint,
  name: string,
  shape: readonly number[],
): CheckpointTensor {
  const wanted = `tensor "${name}" of [${shape.join(", ")}]`;
  const tensor = tensors.get(name);
  if (tensor === undefined) throw expected(file, wanted, "none");
  if (tensor.shape.join() !== shape.join()) throw expected(file, wanted, `[${tensor.shape.join(", ")}]`);
  if (!Object.hasOwn(storedAs, tensor.dtype)) {
    throw expected(file, `tensor "${name}" of F32, F64, F16 or BF16`, tensor.dtype);
  }
  return tensor;
}

/** The tensors that are neither known nor among those that the architecture's files may have without use. */
export function othersIn({ tensors, architecture }: Checkpoint, known: ReadonlySet<string>): string[] {
  const { ignored = [] } = architecture;
  return [...tensors.keys()].filter((name) => !known.has(name) && !ignored.some((pattern) => pattern.test(name)));
}

/** @param values of [rows, cols] */
function transposed(values: TensorArray, rows: number, cols: number): TensorArray {
  const turned = values.slice();
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) turned[c * rows + r] = values[r * cols + c];
  }
  return turned;
}
