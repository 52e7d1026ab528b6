/** What RMSNorm in the place of LayerNorm changes in a model's own output: the model is run with both on the same inputs. */
import { breathing } from "@orthonorm/files";
import { type Arrays, batches, tensorsOf } from "./inputs.js";
import type { OpenModel } from "./model.js";
import type { FoundNorm } from "./norm.js";
import { openSession, type Runtime, runSession, type Tensors } from "./runtime.js";
import { isSwappable, swapped } from "./swap.js";

export interface Effect {
  /** The norm that was swapped; null of all at once. */
  norm: FoundNorm | null;
  /** ‖Δ‖/‖y‖ of the output. */
  relative: number;
  /** The share of rows whose largest element is the same one; null where rows have a single element. */
  agreement: number | null;
  /** Mean KL divergence of softmax(y) from softmax of the swapped output, in nats; null unless the output is named logits. */
  divergence: number | null;
}

export interface EffectOptions {
  folder?: string;
  batch: number;
  signal?: AbortSignal;
  progress?: (what: string, share: number) => void;
}

/** The output that is compared: the one named logits, or the first of floats. Its name, or null. */
function comparedOutput({ graph }: OpenModel): string | null {
  const floats = graph.outputs.filter(({ type }) => type === null || type === 1 || type === 11);
  return (floats.find(({ name }) => isLogits(name)) ?? floats[0])?.name ?? null;
}

function isLogits(name: string): boolean {
  return /(^|[./_])logits$/i.test(name);
}

/** The effect of every LayerNorm that can be swapped, and of all of them at once as the last. Empty where there is none. */
export async function swapEffects(
  runtime: Runtime,
  open: OpenModel,
  inputs: readonly Arrays[],
  options: EffectOptions,
): Promise<Effect[]> {
  const norms = open.norms.found.filter(isSwappable);
  const output = comparedOutput(open);
  if (norms.length === 0 || output === null) return [];
  const variants = [...norms.map((norm) => [norm]), ...(norms.length > 1 ? [norms] : [])];
  const plain = await openSession(runtime, { name: open.name, bytes: open.bytes, folder: options.folder });
  const effects: Effect[] = [];
  const breathe = breathing();
  try {
    for (const [at, variant] of variants.entries()) {
      const bytes = swapped(open, variant);
      const session = await openSession(runtime, { name: open.name, bytes, folder: options.folder });
      const difference = new Difference();
      try {
        for (const arrays of inputs) {
          for (const { feeds } of batches(open, arrays, options.batch)) {
            await breathe();
            options.signal?.throwIfAborted();
            const tensors = tensorsOf(runtime, feeds);
            const before = await runSession(plain, tensors, open.name);
            difference.add(before[output], (await runSession(session, tensors, open.name))[output]);
          }
        }
      } finally {
        await session.release();
      }
      options.progress?.(`swap ${variant.length > 1 ? "all" : variant[0].name}`, (at + 1) / variants.length);
      effects.push(difference.effect(variant.length > 1 ? null : variant[0], isLogits(output)));
    }
  } finally {
    await plain.release();
  }
  return effects;
}

/** Sums over rows of two outputs. */
class Difference {
  private squares = 0;
  private changes = 0;
  private rows = 0;
  private agreeing = 0;
  private divergence = 0;
  private cols = 1;

  add(before: Tensors[string], after: Tensors[string]): void {
    const [y, z] = [before.data as Float32Array, after.data as Float32Array];
    this.cols = before.dims[before.dims.length - 1] ?? 1;
    for (const [at, value] of y.entries()) {
      this.squares += value * value;
      this.changes += (z[at] - value) ** 2;
    }
    for (let from = 0; from < y.length; from += this.cols) {
      const [row, other] = [y.subarray(from, from + this.cols), z.subarray(from, from + this.cols)];
      this.rows++;
      if (largest(row) === largest(other)) this.agreeing++;
      this.divergence += divergenceOf(row, other);
    }
  }

  effect(norm: FoundNorm | null, areLogits: boolean): Effect {
    const relative = Math.sqrt(this.changes / this.squares);
    const agreement = this.cols > 1 ? this.agreeing / this.rows : null;
    return { norm, relative, agreement, divergence: areLogits ? this.divergence / this.rows : null };
  }
}

function largest(row: Float32Array): number {
  return row.reduce((best, value, at) => (value > row[best] ? at : best), 0);
}

/** Σ p·(log p − log q) of p = softmax(a) and q = softmax(b). */
function divergenceOf(a: Float32Array, b: Float32Array): number {
  const [logA, logB] = [logSumExp(a), logSumExp(b)];
  let sum = 0;
  for (const [at, value] of a.entries()) sum += Math.exp(value - logA) * (value - logA - (b[at] - logB));
  return sum;
}

function logSumExp(row: Float32Array): number {
  const top = row[largest(row)];
  return top + Math.log(row.reduce((sum, value) => sum + Math.exp(value - top), 0));
}
