/**
 * What a small tensor costs the study: `npm run small-tensors`, `npm run small-tensors -- 2000` for so many of 8 × 16 f32. They
 * lie in one safetensors file, which the whole command reads; the time of one tensor by itself, mostly that of starting
 * Node and the engine, is told beside it.
 */

import { join } from "node:path";
import { writeSafetensors } from "@orthonorm/files/node";
import { inTemporaryFolder } from "./temporary-folder.js";
import { wholeCommand } from "./whole-command.js";

const rows = 8;
const cols = 16;

const count = Number(process.argv[2] ?? 20_000);
if (!(Number.isInteger(count) && count > 1)) {
  throw new Error(`small-tensors: expected a number of tensors above 1, got ${process.argv[2]}`);
}

await inTemporaryFolder("small-tensors", async (folder) => {
  const file = join(folder, "states.safetensors");
  await write(file, 1);
  const one = wholeCommand(file);
  await write(file, count);
  const all = wholeCommand(file);
  const told = (what: string, { seconds, megabytes }: ReturnType<typeof wholeCommand>) =>
    console.log(`${what.padEnd(14)} ${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB of memory at its peak`);
  told(`${count} tensors`, all);
  told("one tensor", one);
  console.log(`a tensor more  ${((1e3 * (all.seconds - one.seconds)) / (count - 1)).toFixed(3)} ms`);
});

/** Elements between −0.95 and 1.05, the same ones in every run. */
function write(file: string, tensors: number): Promise<void> {
  let state = 12345;
  const element = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31 + 0.05;
  };
  function* block() {
    yield new Uint8Array(new Float32Array(rows * cols).map(element).buffer);
  }
  const tensor = (_: unknown, at: number) => ({ name: `h${at}`, dtype: "F32", shape: [rows, cols], data: block() });
  return writeSafetensors(file, Array.from({ length: tensors }, tensor));
}
