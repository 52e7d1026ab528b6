/** A twin on onnxruntime-web: one thread, weights in its memory, and keys and values as inputs and outputs, for it keeps none on WebAssembly. */
import { modelBytes } from "../../test/support/onnx-model.js";
import { twinModel } from "./onnx.js";
import type { Twin } from "./twin.js";

type Data = Float32Array | BigInt64Array;

interface Tensor {
  data: Data;
}

interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

interface Runtime {
  env: { wasm: { numThreads: number } };
  Tensor: new (type: "float32" | "int64", data: Data, shape: readonly number[]) => Tensor;
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

export interface OnnxTwin {
  step(token: number, position: number): Promise<Float32Array>;
  release(): Promise<void>;
}

export async function onnxTwin(twin: Twin): Promise<OnnxTwin> {
  const imported = await import("onnxruntime-web");
  const { env, Tensor, InferenceSession } = (imported.default ?? imported) as unknown as Runtime;
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(modelBytes(twinModel(twin)), {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    logSeverityLevel: 3,
  });
  const { heads, width, layers } = twin;
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const none = new Tensor("float32", new Float32Array(0), [2, 1, heads, 0, width / heads]);
  const whole = (value: number) => new Tensor("int64", BigInt64Array.of(BigInt(value)), [1, 1]);
  let pasts: Tensor[] = [];
  return {
    async step(token, position) {
      if (position === 0) pasts = all.map(() => none);
      const feeds: Record<string, Tensor> = { token: whole(token), position: whole(position) };
      for (const layer of all) feeds[`past.${layer}`] = pasts[layer];
      const results = await session.run(feeds);
      pasts = all.map((layer) => results[`present.${layer}`]);
      return results.logits.data as Float32Array;
    },
    release: () => session.release(),
  };
}
