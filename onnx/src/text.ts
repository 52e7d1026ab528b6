/** A text as a language model's inputs, by the tokenizer.json that lies beside the model or in the folder above. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { type ArrayDType, type ReadTensor, textIn } from "@orthonorm/files";
import { systemReason } from "@orthonorm/files/node";
import { expected } from "./error.js";
import { checkInputs, wantedInputs } from "./inputs.js";
import type { OpenModel } from "./model.js";
import type { ValueInfo } from "./proto.js";
import { sizeOf, typeOf } from "./tensor.js";

/**
 * The text in windows of so many tokens at most, each as a batch of one, without padding.
 *
 * @throws OnnxError where there is no tokenizer, or where the model asks for what a text does not give
 */
export async function tokenize(open: OpenModel, path: string, length: number): Promise<Map<string, ReadTensor>[]> {
  const tokenizer = await openTokenizer(open.name);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw expected(path, "a text that can be read", systemReason(error));
  }
  const { ids } = tokenizer.encode(textIn(bytes, path));
  if (ids.length === 0) throw expected(path, "a text with tokens", "none");
  const unknown = (ids as number[]).findIndex((id) => !Number.isSafeInteger(id));
  if (unknown >= 0) {
    throw expected(path, "a text of tokens that the tokenizer has a number for", `none for its token ${unknown + 1}`);
  }
  const windows: Map<string, ReadTensor>[] = [];
  for (let from = 0; from < ids.length; from += length) {
    const window = ids.slice(from, from + length);
    const arrays = new Map(wantedInputs(open).map((info) => [info.name, filled(open, info, window)]));
    windows.push(checkInputs(open, arrays, path));
  }
  return windows;
}

async function openTokenizer(model: string): Promise<Tokenizer> {
  const folders = [dirname(model), join(dirname(model), "..")];
  for (const folder of folders) {
    const text = await readFile(join(folder, "tokenizer.json"), "utf8").catch(() => null);
    if (text === null) continue;
    const config = await readFile(join(folder, "tokenizer_config.json"), "utf8").catch(() => "{}");
    try {
      return new Tokenizer(JSON.parse(text), JSON.parse(config));
    } catch (error) {
      throw expected(join(folder, "tokenizer.json"), "a tokenizer of Hugging Face's", (error as Error).message);
    }
  }
  throw expected(model, "a tokenizer.json beside it or in the folder above", "none (give arrays with --inputs)");
}

/** What one input of a language model is for these tokens. */
function filled(open: OpenModel, info: ValueInfo, ids: readonly number[]): ReadTensor {
  const { name } = info;
  const integers = (value: (at: number) => number): ReadTensor => {
    return { dtype: "I64", shape: [1, ids.length], data: BigInt64Array.from(ids, (_, at) => BigInt(value(at))) };
  };
  if (name === "input_ids") return integers((at) => ids[at]);
  if (name === "attention_mask") return integers(() => 1);
  if (name === "token_type_ids") return integers(() => 0);
  if (name === "position_ids") return integers((at) => at);
  if (name === "use_cache_branch") return { dtype: "BOOL", shape: [1], data: new Uint8Array(1) };
  if (name.startsWith("past_key_values") && info.shape !== null && info.type !== null) return noPast(info);
  throw expected(
    open.name,
    "inputs that a text gives (input_ids, attention_mask, …)",
    `"${name}" too (give arrays with --inputs)`,
  );
}

/** The keys or values of no token: the batch is 1, other sizes that the graph leaves open are 0. */
function noPast({ type, shape }: ValueInfo): ReadTensor {
  const sizes = (shape ?? []).map((size, at) => (typeof size === "number" ? size : at === 0 ? 1 : 0));
  const dtype = (typeOf(type as number)?.dtype ?? "F32") as ArrayDType;
  const data = dtype === "F16" ? new Uint16Array(sizeOf(sizes)) : new Float32Array(sizeOf(sizes));
  return { dtype, shape: sizes, data };
}
