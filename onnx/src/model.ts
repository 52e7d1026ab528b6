/** A model's file: read once to see what is in it, and read again, with what is added to it, to be run. */
import { printable, type Source } from "@orthonorm/files";
import { PbfReader } from "pbf";
import { expected } from "./error.js";
import { findNorms, type Norms } from "./find.js";
import { type Graph, Malformed, type Model, readModel } from "./proto.js";

/** A model that was read. The bytes of its file are held for as long as this is. */
export interface OpenModel {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  model: Model;
  graph: Graph;
  norms: Norms;
}

/** Protobuf has lengths of 31 bits, and so have ONNX files: larger models keep their weights beside them. */
const maximumBytes = 2 ** 31;

/** @throws OnnxError where the file is no ONNX model, FileError where it cannot be read */
export async function openModel(source: Source): Promise<OpenModel> {
  const { name, size } = source;
  if (size === null) throw expected(name, "a file", "a stream");
  if (size === 0) throw expected(name, "an ONNX model", "nothing: it is empty");
  if (size > maximumBytes) throw expected(name, `an ONNX model of at most ${maximumBytes} bytes`, `${size}`);
  const start = new Uint8Array(Math.min(size, 64));
  await source.read(start, 0);
  const other = otherFormat(start);
  if (other !== null) throw expected(name, "an ONNX model", other);
  const bytes = new Uint8Array(size);
  await source.read(bytes, 0);
  return parseModel(name, bytes);
}

/** @throws OnnxError where the bytes are no ONNX model */
export function parseModel(name: string, bytes: Uint8Array<ArrayBuffer>): OpenModel {
  let model: Model;
  try {
    model = readModel(new PbfReader(bytes));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw expected(name, "an ONNX model", `a file that is none (${printable(error.message)})`);
  }
  const { graph } = model;
  if (graph === null || model.irVersion === 0) throw expected(name, "an ONNX model", "a protobuf of another kind");
  if (model.opsets.size === 0)
    throw expected(name, "an ONNX model with operator sets", "none: the file may be cut short");
  if (graph.nodes.length === 0) throw expected(name, "an ONNX model with nodes", "an empty graph");
  return { name, bytes, model, graph, norms: findNorms(model) };
}

/** Recognizes by its first bytes what people hand over by mistake. */
function otherFormat(start: Uint8Array): string | null {
  const text = String.fromCharCode(...start);
  if (text.slice(4, 8) === "ORTM") return "a model in onnxruntime's own format (.ort): give the .onnx it was made from";
  if (text.startsWith("GGUF")) return "a GGUF file";
  if (text.startsWith("PK\x03\x04")) return "a zip archive (a PyTorch checkpoint is one: export the model to ONNX)";
  if (text.startsWith("\x93NUMPY")) return "an .npy file";
  if (text.startsWith("\x80")) return "a Python pickle (export the model to ONNX)";
  if (text.startsWith("version https://git-lfs")) return "a Git LFS pointer (fetch the file itself: git lfs pull)";
  if (text.slice(5, 9) === "\0\0\0{") return "a safetensors file";
  if (text.slice(4, 8) === "TFL3") return "a TensorFlow Lite model";
  if (/^\s*[{[]/.test(text)) return "a JSON file";
  if (/^[\x20-\x7e\s]+$/.test(text)) return "a text file";
  return null;
}
