/** Runs decoder-only transformers on the engine. Everything here runs in Node and in a browser; node.ts has the rest. */
export type { Architecture } from "./architecture.js";
export { type Checkpoint, checkpointOf } from "./checkpoint.js";
export { ModelError } from "./error.js";
export { type GenerateOptions, generate } from "./generate.js";
export { openLlama2c } from "./llama2c.js";
export { lossOf, surprise } from "./loss.js";
export { type OpenTransformer, openFrom } from "./open.js";
export type { ForwardOptions, Run, RunOptions } from "./run.js";
export { likeliest, type SampleOptions, type Sampler, sampler } from "./sample.js";
export type { Settings } from "./settings.js";
export type { NormKind, OnNorm, Site } from "./sites.js";
export { architectures } from "./table.js";
export type { WeightKind } from "./tensors.js";
export { characterTokenizer } from "./tokenizer/characters.js";
export { hubTokenizer } from "./tokenizer/hub.js";
export { llama2cTokenizer } from "./tokenizer/llama2c.js";
export type { Decoder, Tokenizer } from "./tokenizer/tokenizer.js";
export { type LoadOptions, Transformer } from "./transformer.js";
