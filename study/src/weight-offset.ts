/**
 * Which models store their norms' weight less 1, so that the norm multiplies by 1 + weight: it is 0, not 1, where nothing is scaled.
 *
 * A checkpoint does not say so; its model type does, which config.json has. The list is of the norms' classes in Hugging Face's
 * transformers whose forward multiplies by `1.0 + self.weight`, as GemmaRMSNorm does, or adds 1 first, as NemotronLayerNorm1P does.
 * The tensors in `except` belong to norms of the same models that multiply by the weight as it stands.
 *
 * Source: transformers, models/{gemma,gemma2,gemma3,recurrent_gemma,t5gemma,qwen3_next,qwen3_5,nemotron}/modeling_*.py
 */
import { printable } from "@orthonorm/files";

interface OnePlus {
  types: readonly string[];
  except?: RegExp;
}

/** Vision towers have PyTorch's LayerNorm. */
const vision = /(^|\.)(vision_tower|vision_model|visual)\./;

const onePlus: readonly OnePlus[] = [
  { types: ["gemma", "gemma2", "recurrent_gemma", "t5gemma"] },
  { types: ["gemma3", "gemma3_text", "paligemma", "shieldgemma2"], except: vision },
  {
    types: ["qwen3_next", "qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"],
    except: new RegExp(`${vision.source}|(^|\\.)linear_attn\\.norm\\.`),
  },
  { types: ["nemotron"] },
];

export type OffsetOption = "auto" | 0 | 1;

/** What is added to a weight, and what says so, in words. */
export interface WeightOffset {
  value: 0 | 1;
  from: string;
}

/**
 * @param wanted the option
 * @param modelType of config.json beside the weights; null where there is none
 * @param weight the tensor's name
 */
export function weightOffset(wanted: OffsetOption, modelType: string | null, weight: string): WeightOffset {
  if (wanted !== "auto") return { value: wanted, from: "--weight-offset" };
  if (modelType === null) return { value: 0, from: "no config.json beside the weights" };
  const from = `model_type ${printable(modelType)} in config.json`;
  const known = onePlus.find(({ types }) => types.includes(modelType));
  return { value: known !== undefined && !known.except?.test(weight) ? 1 : 0, from };
}
