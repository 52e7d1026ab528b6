/** onnxruntime-web, which is many times as large as the page and loaded when a model is run: from the page's own files. */
import type { Runtime } from "@orthonorm/onnx";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { load } from "./load.js";

/** On one thread: several need headers that a server of plain files does not send. */
export async function loadRuntime(): Promise<Runtime> {
  const name = "onnxruntime-web";
  const [{ env, InferenceSession, Tensor }, binary] = await Promise.all([
    import("onnxruntime-web/wasm"),
    load(wasm, name),
  ]);
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = await binary.arrayBuffer();
  return { name, InferenceSession, Tensor };
}
