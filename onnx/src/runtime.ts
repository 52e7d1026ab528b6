/** What this needs of onnxruntime: onnxruntime-node and onnxruntime-web both have it. */
import { printable } from "@orthonorm/files";
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import { expected } from "./error.js";

export interface Runtime {
  name: string;
  InferenceSession: { create(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  Tensor: TensorConstructor;
}

export type Tensors = Record<string, Tensor>;

/** @param folder of the model, in which tensors outside its file are looked for */
export async function openSession(
  runtime: Runtime,
  model: { name: string; bytes: Uint8Array; folder?: string },
): Promise<InferenceSession> {
  const external = "session.model_external_initializers_file_folder_path";
  try {
    return await runtime.InferenceSession.create(model.bytes, {
      graphOptimizationLevel: "basic",
      logSeverityLevel: 3,
      ...(model.folder === undefined ? {} : { extra: { [external]: model.folder } }),
    });
  } catch (error) {
    throw expected(model.name, `a model that ${runtime.name} can run`, reasonOf(error));
  }
}

export async function runSession(session: InferenceSession, feeds: Tensors, name: string): Promise<Tensors> {
  try {
    return (await session.run(feeds)) as Tensors;
  } catch (error) {
    throw expected(name, "inputs that the model can be run with", reasonOf(error));
  }
}

/** onnxruntime's message in one line, without what it says of its own source files. */
function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return printable(
    message
      .replace(/\s+/g, " ")
      .replace(/\S*\/onnxruntime\/\S+ /g, "")
      .trim(),
  ).slice(0, 300);
}
