/**
 * How fast the study streams a file, beside how fast the file is read: `npm run streaming`, `npm run streaming -- 1` for
 * 1 GB. The file lies in the page cache, and the two take turns, so that what else the machine does meets both.
 *
 * "Streamed" is from the start to the last block measured. What does not grow with the file (starting Node, the sample, the
 * timing of both norms) is told by the whole command on this file and on one block of it, and what a site costs by nine of
 * one block.
 */

import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { openDisk, writeSafetensors } from "@orthonorm/files/node";
import { median, sumSources } from "@orthonorm/study";
import { inTemporaryFolder } from "./temporary-folder.js";
import { wholeCommand } from "./whole-command.js";

const cols = 768;
const turns = 7;

const gigabytes = Number(process.argv[2] ?? 4.29);
if (!(gigabytes > 0)) throw new Error(`streaming: expected a size in GB, got ${process.argv[2]}`);

await inTemporaryFolder("streaming", async (folder) => {
  const file = join(folder, "states.safetensors");
  const rows = Math.floor((gigabytes * 1e9) / (cols * 4));
  await write(file, rows);
  const small = join(folder, "small.safetensors");
  await write(small, 1365);

  const read: number[] = [];
  const streamed: number[] = [];
  const ratio: number[] = [];
  // The first turn fetches the file and compiles the code.
  for (let turn = 0; turn <= turns; turn++) {
    const alone = readAlone(file);
    const study = await stream(file);
    if (turn === 0) continue;
    read.push(alone);
    streamed.push(study);
    ratio.push(study / alone);
  }
  const speed = (ms: number) => `${(ms / 1e3).toFixed(2)} s, ${((rows * cols * 4) / ms / 1e6).toFixed(1)} GB/s`;
  console.log(`${rows} × ${cols} f32, ${((rows * cols * 4) / 1e9).toFixed(2)} GB; medians of ${turns} turns`);
  console.log(`read alone, 4 MiB at a time   ${speed(median(read))}`);
  console.log(`streamed through the study    ${speed(median(streamed))}`);
  console.log(`streamed / read               ${median(ratio).toFixed(2)}, ${Math.min(...ratio).toFixed(2)} at best`);
  const told = (what: string, { seconds, megabytes }: ReturnType<typeof wholeCommand>) =>
    console.log(`${what} ${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB of memory at its peak`);
  told("the whole command            ", wholeCommand(file));
  const block = wholeCommand(small);
  told("  of it for one block of rows", block);
  const sites = 9;
  await write(small, 1365, sites);
  console.log(
    `a site more, of one block     ${((wholeCommand(small).seconds - block.seconds) / (sites - 1)).toFixed(2)} s`,
  );
});

/** States like a model's: a little off zero, as many norms above 16 as below. @param rows of each site */
function write(file: string, rows: number, sites = 1): Promise<void> {
  const block = new Float32Array(1024 * cols);
  let state = 12345;
  function* blocks() {
    for (let left = rows; left > 0; left -= 1024) {
      for (let i = 0; i < block.length; i++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        block[i] = state / 2 ** 31 + 0.05;
      }
      yield new Uint8Array(block.buffer, 0, Math.min(left, 1024) * cols * 4);
    }
  }
  const site = (_: unknown, at: number) => ({ name: `h${at}`, dtype: "F32", shape: [rows, cols], data: blocks() });
  return writeSafetensors(file, Array.from({ length: sites }, site));
}

function readAlone(file: string): number {
  // Memory that begins at a page: to a Buffer, which begins a little behind one, some processors copy far more slowly.
  const into = new Uint8Array(new WebAssembly.Memory({ initial: 64 }).buffer);
  const start = performance.now();
  const source = openSync(file, "r");
  while (readSync(source, into, 0, into.length, null) > 0);
  closeSync(source);
  return performance.now() - start;
}

async function stream(file: string): Promise<number> {
  const source = await openDisk(file);
  const start = performance.now();
  let last = start;
  await sumSources([source], {
    eps: 1e-5,
    withSpeed: false,
    progress: () => {
      last = performance.now();
    },
  });
  return last - start;
}
