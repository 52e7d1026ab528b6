/** Runs of the study and of the built command line, in a folder that is gone after them. */

import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDisk } from "@orthonorm/files/node";
import { afterAll, expect } from "vitest";
import type { Verdict } from "../../study/src/report/verdict.js";
import { type StudyOptions, studySources } from "../../study/src/study.js";
import type { Report, Skipped, Spread } from "../../study/src/types.js";
import { normals } from "./random.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const cli = join(root, "dist/cli/orthonorm.js");

export const twins = join(root, "study/data/twins");

export const folder = mkdtempSync(join(tmpdir(), "orthonorm-study-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the built command line in the temporary folder. */
export function orthonorm(args: string[], env: Record<string, string> = {}, script = cli) {
  const { NO_COLOR, FORCE_COLOR, ...rest } = process.env;
  return spawnSync(process.execPath, [script, ...args], {
    cwd: folder,
    env: { ...rest, ...env },
    encoding: "utf8",
    // A command that hangs fails here instead of holding up all tests.
    timeout: 100_000,
  });
}

export type Seven = Omit<Spread, "histogram">;

export interface Populated {
  counted: number;
  angle: Seven;
  deviation: Seven;
  dCos2: { mean: number };
  norm: Seven;
  projected: Seven;
  standardized: Seven;
  scaled: Seven | null;
  angleAfter: Seven | null;
  rotation: Record<"standardization" | "affine" | "total", Seven | null>;
}

export interface Figures {
  engine: { variant: string };
  eps: number;
  complete: boolean;
  sites: (Populated & {
    source: string;
    model: string;
    site: string;
    rows: number;
    read: number;
    cols: number;
    null: { sd: number; deviation: number };
    centred: boolean;
    centredRows: number;
    excluded: { masked: number; zero: number; notFinite: number };
    apart: { massive: number; repeated: number };
    repeatedShare: number;
    verdict: Verdict;
    tokens: (number | null)[] | null;
    swapError: { mean: number; max: number; predicted: { mean: number; max: number } };
    error: { max: number; rows: number };
    sample: NonNullable<Report["groups"][0]["sites"][0]["sample"]>;
    massive: Populated | null;
    all: Populated;
    trainedWith: string | null;
    normFrom: string | null;
    affine: Report["groups"][0]["sites"][0]["affine"];
  })[];
  skipped: Skipped[];
}

/** The study of files, without the command line around it. */
export async function study(paths: readonly string[], options: Omit<StudyOptions, "eps">): Promise<Report> {
  return studySources(await Promise.all(paths.map((path) => openDisk(path))), { eps: 1e-5, ...options });
}

export function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** The JSON of a run that must succeed. */
export function figures(...args: string[]): Figures {
  const { status, stdout, stderr } = orthonorm(["study", "--json", "-", ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

export interface Given {
  dtype: string;
  shape: number[];
  data: Float32Array | Float64Array | Uint16Array | BigInt64Array | Uint8Array;
}

/** Writes a safetensors file into the temporary folder; gives its name. */
export function write(name: string, tensors: Record<string, Given>, metadata?: Record<string, string>): string {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  let end = 0;
  for (const [tensor, { dtype, shape, data }] of Object.entries(tensors)) {
    header[tensor] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const bytes = Object.values(tensors).map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return writeRaw(name, JSON.stringify(header), Buffer.concat(bytes));
}

export function writeRaw(
  name: string,
  header: string,
  data = Buffer.alloc(0),
  length = Buffer.byteLength(header),
): string {
  writeFileSync(join(folder, name), Buffer.concat([lengthBytes(length), Buffer.from(header), data]));
  return name;
}

export function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(length));
  return bytes;
}

export const f32 = (rows: number, cols: number, data: ArrayLike<number>): Given => ({
  dtype: "F32",
  shape: [rows, cols],
  data: Float32Array.from(data),
});

/** Random states, moved along the uniform vector by `mean`. */
export const random = (rows: number, cols: number, mean = 0) => f32(rows, cols, normals(rows * cols, mean));

/** The same rows with their means taken away, in f64 before they are rounded. */
export function centred(rows: number, cols: number): Given {
  const data = normals(rows * cols);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * cols, (row + 1) * cols);
    const mean = average(values);
    for (let i = 0; i < cols; i++) values[i] -= mean;
  }
  return f32(rows, cols, data);
}

/** A file of zeros that takes no room on the disk, whatever its size. */
export function sparse(name: string, rows: number, cols: number, start: number[] = []): void {
  const bytes = rows * cols * 4;
  const header = JSON.stringify({ states: { dtype: "F32", shape: [rows, cols], data_offsets: [0, bytes] } });
  const file = openSync(join(folder, name), "w");
  const first = new Uint8Array(Float32Array.from(start).buffer);
  writeSync(file, Buffer.concat([lengthBytes(header.length), Buffer.from(header), first]));
  ftruncateSync(file, 8 + header.length + bytes);
  closeSync(file);
}
