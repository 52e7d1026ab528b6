/** What is used of onnxruntime-node, whose types are not installed here. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

export interface Runtime {
  Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;
  InferenceSession: {
    create(model: Uint8Array | string, options: { graphOptimizationLevel: "basic" }): Promise<Session>;
  };
}
