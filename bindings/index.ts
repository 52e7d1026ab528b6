import { Core } from "./engine/core.js";
import { Engine } from "./engine/engine.js";
import { bytesOf, compile } from "./engine/variants.js";

export type { CommonOptions } from "./call/begin.js";
export type { ArrayOrTensor, Like, PerRow } from "./call/operand.js";
export type { Quantized } from "./call/quantized.js";
export {
  createEngine,
  defaultEngine,
  type Engine,
  type EngineOptions,
  type Modules,
  tensor,
} from "./engine/engine.js";
export { type LoadOptions, loadEngine, loadKernels } from "./engine/load.js";
export type { Family, Relaxed, Variant } from "./engine/variants.js";
export type { MemoryLike } from "./memory/arena.js";
export type { ArrayOf, DType, TypedArray } from "./memory/dtype.js";
export { isTensor, type Tensor, type ViewOptions } from "./memory/tensor.js";
export * from "./wasm/exports.js";
export {
  centerKernels,
  convertKernels,
  geometryKernels,
  int8Kernels,
  invertKernels,
  linearKernels,
  normKernels,
  projectKernels,
} from "./wasm/families.js";
export { relaxed } from "./wasm/relaxed.js";

/** @internal What orthonorm/threads is made of: the classes that engines are made of here, which it must share, and how kernels load. */
export const inside = { Core, Engine, bytesOf, compile };
