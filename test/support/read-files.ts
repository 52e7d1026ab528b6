/** Files for tests, in a folder that is gone after them, and everything that is read from them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Container, FileError, openBlob, openContainer, type Source } from "@orthonorm/files";
import { openDisk, openStream } from "@orthonorm/files/node";
import { afterAll, expect } from "vitest";
import { uniforms } from "./random.js";
import type { GivenTensor } from "./tensor-files.js";

export const folder = mkdtempSync(join(tmpdir(), "orthonorm-files-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes that repeat nowhere near, so that one that is out of its place is seen. */
export function noise(length: number, seed = 1): Buffer {
  const next = uniforms(seed);
  return Buffer.from(Uint8Array.from({ length }, () => next() * 256));
}

export type Way = "disk" | "stream" | "blob";

/** The file `name` with these bytes. A stream comes in chunks of an odd size. */
export async function open(bytes: Uint8Array, name: string, way: Way): Promise<Source> {
  if (way === "blob") return openBlob(new Blob([new Uint8Array(bytes)]), name);
  if (way === "stream") return openStream(Readable.from(chunksOf(bytes, 977), { objectMode: false }), name);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return openDisk(path, name);
}

export function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

export interface Read {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** Or why there are none. */
  bytes: Buffer | string;
}

/** Everything that a container has, read in blocks of a size that divides nothing. */
export async function readAll(container: Container, block = 1021): Promise<Read[]> {
  const all: Read[] = [];
  for (const { name, dtype, shape, bytes, unreadable, open } of container.tensors) {
    if (unreadable !== null) {
      all.push({ name, dtype, shape, bytes: unreadable });
      continue;
    }
    const reader = await open();
    const into = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i += block) await reader.read(into.subarray(i, i + block));
    await reader.close();
    all.push({ name, dtype, shape, bytes: Buffer.from(into) });
  }
  await container.finish();
  return all;
}

export async function readFile(bytes: Uint8Array, name: string, way: Way): Promise<Read[]> {
  const source = await open(bytes, name, way);
  try {
    return await readAll(await openContainer(source));
  } finally {
    await source.close();
  }
}

/** What reading the whole file fails with, in one line. */
export async function failure(bytes: Uint8Array, name: string, way: Way = "blob"): Promise<string> {
  try {
    await readFile(bytes, name, way);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  return "no failure";
}

export const ways: Way[] = ["disk", "stream", "blob"];

export const f32 = (shape: readonly number[], seed = 1): GivenTensor => ({
  dtype: "F32",
  shape,
  data: noise(4 * shape.reduce((product, size) => product * size, 1), seed),
});
