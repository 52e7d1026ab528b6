/** A model's weights by their roles, in the engine's memory. */
import type { TensorArray } from "@orthonorm/files";
import type { Engine, Tensor } from "orthonorm";
import type { Architecture, Fused, Projection } from "./architecture.js";
import type { Checkpoint } from "./checkpoint.js";
import { hasBias, type Settings } from "./settings.js";
import type { Site } from "./sites.js";
import { type Part, type Projected, TensorsOf, type WeightKind } from "./tensors.js";

export interface Norm {
  readonly site: Site;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

export interface Block {
  readonly attentionNorm: Norm;
  /** Queries, keys and values, below each other. */
  readonly qkv: Projected;
  /** Of queries and of keys. */
  readonly headNorms: readonly [Norm, Norm] | null;
  readonly out: Projected;
  readonly mlpNorm: Norm;
  /** What goes into the activation and, below it, what it is multiplied by, where there is that. */
  readonly up: Projected;
  readonly gated: boolean;
  readonly down: Projected;
}

export interface Weights {
  readonly embedding: Tensor;
  readonly positions: Tensor | null;
  readonly blocks: readonly Block[];
  readonly last: Norm;
  readonly head: Projected;
}

/** All norms, in the order in which a token passes them. */
export function normsOf({ blocks, last }: Weights): Norm[] {
  const ofBlocks = blocks.flatMap(({ attentionNorm, headNorms, mlpNorm }) => [
    attentionNorm,
    ...(headNorms ?? []),
    mlpNorm,
  ]);
  return [...ofBlocks, last];
}

const asIs = (values: TensorArray) => values;

export async function readWeights(
  checkpoint: Checkpoint,
  settings: Settings,
  engine: Engine,
  kind: WeightKind,
): Promise<Weights> {
  const { architecture, config, configName } = checkpoint;
  const { width, heads, keyHeads, headDim, inner, tied } = settings;
  const { norm, attention, mlp, layout } = architecture;
  const tensors = new TensorsOf(checkpoint, engine, kind);
  const prefix = prefixOf(architecture, checkpoint.tensors);
  const embedding = await tensors.rows(`${prefix}${architecture.embedding.name}.weight`, width, settings.vocabulary);
  const learned = architecture.positions.kind === "learned" ? architecture.positions : null;
  const positions =
    learned === null
      ? null
      : await tensors.rows(`${prefix}${learned.name}.weight`, width, settings.positions + learned.offset);
  const blocks: Block[] = [];
  for (let layer = 0; layer < settings.layers; layer++) {
    blocks.push(await readBlock(`${prefix}${architecture.block.replace("#", String(layer))}`));
  }
  const last = await readNorm(`${prefix}${norm.last}`);
  const { name: headName, bias: headBias = false } = architecture.head;
  const head = tied
    ? { weight: tensors.asHead(embedding), bias: undefined }
    : await tensors.projection([part("", { name: headName, bias: headBias }, embedding.rows)], width, asIs, "Linear");
  tensors.finish(tied ? [`${headName}.weight`] : []);
  return { embedding, positions, blocks, last, head };

  async function readNorm(name: string): Promise<Norm> {
    const { kind, weightOffset } = norm;
    const site: Site = { name, kind, weightOffset, reads: "stream", cols: width, rowsPerToken: 1 };
    if (norm.affine === false) return { site, weight: ones(), bias: undefined };
    const weight = await tensors.vector(`${name}.weight`, width);
    return { site, weight, bias: norm.bias ? await tensors.vector(`${name}.bias`, width) : undefined };
  }

  async function readHeadNorm(name: string, reads: "queries" | "keys"): Promise<Norm> {
    const rowsPerToken = reads === "queries" ? heads : keyHeads;
    const site: Site = { name, kind: "RMSNorm", weightOffset: 0, reads, cols: headDim, rowsPerToken };
    return { site, weight: await tensors.vector(`${name}.weight`, headDim), bias: undefined };
  }

  function ones(): Tensor {
    const weight = engine.tensor("f32", width);
    weight.data.fill(1);
    return weight;
  }

  async function readBlock(at: string): Promise<Block> {
    const { qkv, out, headNorms } = attention;
    const [queryWidth, keyWidth] = [heads * headDim, keyHeads * headDim];
    const fused = "fused" in qkv ? qkv.fused : null;
    const qkvParts =
      "fused" in qkv
        ? [part(at, qkv, queryWidth + 2 * keyWidth)]
        : qkv.map((one, i) => part(at, one, i === 0 ? queryWidth : keyWidth));
    const arrange = (values: TensorArray) => arranged(values, fused, heads);
    const upParts = [mlp.gate, mlp.up].flatMap((one) => (one === undefined ? [] : [part(at, one, inner)]));
    return {
      attentionNorm: await readNorm(`${at}${norm.attention}`),
      qkv: await tensors.projection(qkvParts, width, arrange, layout),
      headNorms:
        headNorms === undefined
          ? null
          : [await readHeadNorm(`${at}${headNorms[0]}`, "queries"), await readHeadNorm(`${at}${headNorms[1]}`, "keys")],
      out: await tensors.projection([part(at, out, width)], queryWidth, asIs, layout),
      mlpNorm: await readNorm(`${at}${norm.mlp}`),
      up: await tensors.projection(upParts, width, asIs, layout),
      gated: mlp.gate !== undefined,
      down: await tensors.projection([part(at, mlp.down, width)], inner, asIs, layout),
    };
  }

  function part(at: string, { name, bias }: Projection, rows: number): Part {
    return { name: `${at}${name}`, rows, bias: hasBias(bias, config, configName) };
  }
}

/** The prefix with which the embedding is there; the usual one where it is not. */
export function prefixOf({ prefixes, embedding }: Architecture, tensors: ReadonlyMap<string, unknown>): string {
  return prefixes.find((prefix) => tensors.has(`${prefix}${embedding.name}.weight`)) ?? prefixes[0];
}

/** Rows (or elements of a bias) as queries of all heads, keys of all heads, values of all heads. */
function arranged(values: TensorArray, fused: Fused | null, heads: number): TensorArray {
  if (fused !== "thirds of each head") return values;
  const piece = values.length / (3 * heads);
  const sorted = values.slice();
  for (let head = 0; head < heads; head++) {
    for (let third = 0; third < 3; third++) {
      const from = (3 * head + third) * piece;
      (sorted as Float32Array).set(
        (values as Float32Array).subarray(from, from + piece),
        (third * heads + head) * piece,
      );
    }
  }
  return sorted;
}
