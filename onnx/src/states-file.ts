/** What every file of captured states has in it, whether it is written to a disk (save.ts) or held by a page (blob.ts). */
import type { GivenTensor } from "@orthonorm/files";
import { expected } from "./error.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import { describeNorms, type OpenBeside, parameter } from "./parameters.js";
import type { Rows } from "./rows.js";
import { sizeOf } from "./tensor.js";

/** One norm's rows of all batches: their type, and the shape that they have together. */
export class Extent {
  dtype = "";
  /** Batches follow one another along the first axis, or along all rows where they differ otherwise. */
  shape: number[] = [];

  constructor(readonly norm: FoundNorm) {}

  get cols(): number {
    return this.shape[this.shape.length - 1];
  }

  add({ dtype, shape }: Rows): void {
    this.shape = this.shape.length === 0 ? [...shape] : joined(this.shape, shape);
    if (this.cols !== shape[shape.length - 1]) {
      throw expected(this.norm.name, `rows of ${this.cols}`, `${shape[shape.length - 1]}`);
    }
    this.dtype = dtype;
  }
}

function joined(all: readonly number[], more: readonly number[]): number[] {
  const alike = all.length > 1 && all.length === more.length && all.slice(1).every((size, at) => size === more[at + 1]);
  if (alike) return [all[0] + more[0], ...all.slice(1)];
  const cols = all[all.length - 1];
  return [sizeOf(all.slice(0, -1)) + sizeOf(more.slice(0, -1)), cols];
}

/** The weight and bias of a norm, as NAME.weight and NAME.bias. */
export async function affineTensors(
  open: OpenModel,
  { norm, cols }: Extent,
  computed: ReadonlyMap<string, Rows>,
  openBeside: OpenBeside,
): Promise<GivenTensor[]> {
  const tensors: GivenTensor[] = [];
  for (const [key, name] of Object.entries({ weight: norm.weight, bias: norm.bias })) {
    const found = await parameter(open, name, cols, computed, openBeside);
    if (found !== null) tensors.push({ name: `${norm.name}.${key}`, ...found, data: [found.bytes] });
  }
  return tensors;
}

/** @param source the model's file, without its folder */
export function metadataOf(source: string, norms: readonly FoundNorm[]): Record<string, string> {
  const [first] = norms;
  if (first === undefined) throw expected(source, "inputs with rows for its norms", "none");
  const kind: Record<string, string> = norms.every((norm) => norm.kind === first.kind) ? { norm: first.kind } : {};
  return { ...kind, source, norms: describeNorms(norms) };
}
