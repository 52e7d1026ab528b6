import { expected } from "./error.js";
import { isObject, kindOf } from "./header.js";
import type { Source } from "./source.js";

/** Everything that a source has. */
export async function readAll(source: Source): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size === null) throw expected(source.name, "a file, whose size is known", "a stream");
  const bytes = new Uint8Array(source.size);
  await source.read(bytes, 0);
  return bytes;
}

/** The text of a file. @throws FileError where its bytes are no UTF-8: they would become other characters in silence */
export function textIn(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw expected(name, "text in UTF-8", "bytes that are none");
  }
}

/** The object that a file of JSON has. @throws FileError where it has something else */
export async function readJsonObject(source: Source): Promise<Record<string, unknown>> {
  const bytes = await readAll(source);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw expected(source.name, "a JSON object", "text that is not valid JSON");
  }
  if (!isObject(value)) throw expected(source.name, "a JSON object", kindOf(value));
  return value;
}
