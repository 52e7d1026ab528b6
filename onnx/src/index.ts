/** ONNX models: their norms, and what goes into them. Everything here runs in Node and in a page; node.ts has the rest. */
export { OnnxError } from "./error.js";
export type { Norms } from "./find.js";
export { type OpenModel, openModel, parseModel } from "./model.js";
export type { FoundNorm, HiddenNorm, NormKind } from "./norm.js";
