// How fast an array is read in C's and in Fortran's order, in f32 and big-endian f32, and with how much memory: 2 GB that a sparse
// file has, so that the disk is not what is measured. `npx tsx scripts/orders.ts`, or with the size in GB, the sizes and the turns.

import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openContainer } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";

const orders = [
  ["C's order", "<f4", "False"],
  ["C's order, big-endian", ">f4", "False"],
  ["Fortran's order", "<f4", "True"],
  ["Fortran's order, big-endian", ">f4", "True"],
] as const;

const [, , first = "2", second = "768", third = "3"] = process.argv;
if (first === "--read") await read(second);
else compare(Number(first), second.split("x").map(Number), Number(third));

/** @param after the sizes of the axes after the first, whose size follows */
function compare(gigabytes: number, after: readonly number[], turns: number): void {
  const folder = mkdtempSync(join(tmpdir(), "orthonorm-orders-"));
  try {
    const each = after.reduce((all, size) => all * size, 4);
    const shape = [Math.round((gigabytes * 1e9) / each), ...after];
    console.log(`f32 [${shape.join(", ")}], Node ${process.versions.node}, medians of ${turns} turns`);
    const files = orders.map(([name, descr, fortran]) => {
      const path = join(folder, `${descr}-${fortran}.npy`);
      writeSparse(
        path,
        `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape.join(", ")}), }`,
        shape[0] * each,
      );
      return { name, path, runs: [] as { seconds: number; megabytes: number }[] };
    });
    for (let turn = 0; turn < turns; turn++) {
      for (const { path, runs } of files) {
        const { stdout, stderr, status } = spawnSync(process.execPath, [
          ...process.execArgv,
          fileURLToPath(import.meta.url),
          "--read",
          path,
        ]);
        if (status !== 0) throw new Error(String(stderr));
        runs.push(JSON.parse(String(stdout)));
      }
    }
    for (const { name, runs } of files) {
      const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b)[Math.floor(turns / 2)];
      const megabytes = Math.max(...runs.map((run) => run.megabytes));
      const speed = ((shape[0] * each) / seconds / 1e9).toFixed(1);
      console.log(`${name.padEnd(28)} ${seconds.toFixed(2)} s  ${speed} GB/s  ${megabytes.toFixed(0)} MB at most`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeSparse(path: string, dict: string, bytes: number): void {
  const text = `${dict.padEnd(117)}\n`;
  const file = openSync(path, "w");
  writeSync(
    file,
    Buffer.concat([Buffer.from("\x93NUMPY\x01\0", "latin1"), Buffer.from([text.length, 0]), Buffer.from(text)]),
  );
  ftruncateSync(file, 10 + text.length + bytes);
  closeSync(file);
}

/** Reads a file as the study does, 4 MiB at a time, and prints how long it took. */
async function read(path: string): Promise<void> {
  const source = await openDisk(path);
  const { tensors } = await openContainer(source);
  const reader = await tensors[0].open();
  const block = new Uint8Array(4 << 20);
  const began = performance.now();
  for (let done = 0; done < tensors[0].bytes; done += block.length) {
    await reader.read(block.subarray(0, tensors[0].bytes - done));
  }
  const seconds = (performance.now() - began) / 1000;
  await source.close();
  console.log(JSON.stringify({ seconds, megabytes: process.resourceUsage().maxRSS / 1000 }));
}
