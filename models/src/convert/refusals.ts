/** Models that cannot be converted exactly, with the reason: what is not known to be exact is refused. */
import { listed } from "@orthonorm/files";
import type { Checkpoint } from "../checkpoint.js";
import { expected } from "../error.js";
import type { Config } from "../rotary.js";

const postNorm = "normalises after each sublayer (post-norm), so that a norm's own output is the stream";
const embeddingNorm = "normalises its embeddings, and that norm's output is the stream";
const sinusoids = "computes its positions as fixed sinusoids, which no file has and nothing centers";
const afterSublayer = "normalises what its sublayers give before it is added to the stream";
const rmsNorm = "has RMSNorm already, which centering would change";

/** By model_type: what people have beside the architectures of the table, where the reason is known. */
const reasons: Readonly<Record<string, string>> = {
  ...of(postNorm, "albert", "bart", "bert", "deberta", "distilbert", "electra", "openai-gpt", "roberta"),
  ...of(embeddingNorm, "bloom"),
  ...of(sinusoids, "ctrl", "xglm"),
  ...of(afterSublayer, "gemma2", "gemma3", "gemma3_text", "olmo2", "olmo3"),
  ...of(rmsNorm, "deepseek_v3", "mixtral", "phi3", "qwen2_moe", "qwen3_moe", "t5"),
};

/** Settings of architectures of the table with which a model is not the one that the table describes. */
const settings: readonly { field: string; value: unknown; reason: string }[] = [
  { field: "do_layer_norm_before", value: false, reason: postNorm },
  { field: "_remove_final_layer_norm", value: true, reason: "has a head that reads the stream as it is" },
  { field: "add_cross_attention", value: true, reason: "attends to another model's states too" },
];

function of(reason: string, ...types: string[]): Record<string, string> {
  return Object.fromEntries(types.map((type) => [type, reason]));
}

const wanted = "a model whose LayerNorms can become RMSNorms exactly";

/** @throws ModelError where the configuration alone says that it cannot be */
export function refuseConfig(config: Config, where: string): void {
  const type = config.model_type;
  if (typeof type === "string" && Object.hasOwn(reasons, type)) {
    throw expected(where, wanted, `model_type "${type}", which ${reasons[type]}`);
  }
  for (const { field, value, reason } of settings) {
    if (config[field] === value) throw expected(where, wanted, `${field} ${value}: one that ${reason}`);
  }
  const { quantization_config: quantized } = config;
  if (quantized !== undefined && quantized !== null) {
    const method = (quantized as { quant_method?: unknown }).quant_method;
    const got = method === undefined ? "quantization_config" : `quantization_config of ${JSON.stringify(method)}`;
    throw expected(where, "weights that are not quantized", `${got}: whole numbers cannot be centered`);
  }
}

/** @throws ModelError where its norms are RMSNorms */
export function refuseCheckpoint({ architecture, configName, config }: Checkpoint): void {
  if (architecture.norm.kind === "LayerNorm") return;
  const made = config.norm_folded === undefined ? "" : " (it was converted)";
  throw expected(configName, wanted, `a ${architecture.name}, which ${rmsNorm}${made}`);
}

/** @throws ModelError where there is a tensor that the architecture does not have */
export function refuseUnknown({ name, architecture }: Checkpoint, unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  const got = `${listed(unknown)} too, of which nobody knows whether it reads or writes the stream`;
  throw expected(name, `the tensors of a ${architecture.name} alone`, got);
}
