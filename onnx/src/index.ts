/** ONNX models: their norms, and what goes into them. Everything here runs in Node and in a page; node.ts has the rest. */
export { arraysOf } from "./arrays.js";
export { type BlobOptions, type CapturedBlob, captureToBlob } from "./blob.js";
export { type Batch, type CaptureOptions, capture, normsToCapture } from "./capture.js";
export { constantNumbers } from "./constant.js";
export { type Effect, type EffectOptions, swapEffects } from "./effect.js";
export { OnnxError } from "./error.js";
export type { Norms } from "./find.js";
export { type Arrays, batches, checkInputs, describeInputs, tensorsOf, wantedInputs } from "./inputs.js";
export { type OpenModel, openModel, parseModel } from "./model.js";
export type { FoundNorm, HiddenNorm, NormKind } from "./norm.js";
export { openSession, type Runtime, runSession, type Tensors } from "./runtime.js";
export { isSwappable, swapped } from "./swap.js";
export { tapped } from "./tap.js";
