// Rows through the engine, block by block: from a disk, from a page's file, as they come.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openBlob, type Source } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import { convert } from "orthonorm";
import { expect, test } from "vitest";
import { studySources } from "../../study/src/study.js";
import type { Report } from "../../study/src/types.js";
import { normals } from "../support/random.js";
import { folder, write } from "../support/study-runs.js";

/** A source that notes into which memory it reads. */
function noting(source: Source, memories: Set<ArrayBufferLike>): Source {
  return {
    ...source,
    async read(into, position) {
      if (into.length > 1e5) memories.add(into.buffer);
      await source.read(into, position);
    },
  };
}

/** All numbers of a site's figures by where they stand, but the counts of histograms and what is of one row of the sample. */
function numbersOf(report: Report): [string, number][] {
  const numbers: [string, number][] = [];
  const visit = (path: string, value: unknown) => {
    if (typeof value === "number") numbers.push([path, value]);
    else if (value !== null && typeof value === "object" && !/histogram|engineError/.test(path)) {
      for (const [key, inner] of Object.entries(value)) visit(`${path}.${key}`, inner);
    }
  };
  visit("site", report.groups[0].sites[0]);
  return numbers;
}

// A block of 4 MiB has ten of these rows.
test.each([
  ["f16", 16],
  ["bf16", 12],
] as const)("rows of 200 000 %s, %i of them, have the figures of the same values as f32", async (dtype, rows) => {
  const shape = [rows, 200_000];
  const options = { eps: 1e-5, withSpeed: false };
  const halves = convert(Float32Array.from(normals(rows * 200_000, 0.1)), dtype);
  const name = write("halves.safetensors", { states: { dtype: dtype.toUpperCase(), shape, data: halves } });
  const values = convert(halves, "f32", { dtype });
  write("singles.safetensors", { states: { dtype: "F32", shape, data: values } });
  const expected = numbersOf(await studySources([await openDisk(join(folder, "singles.safetensors"))], options));

  const blob = new Blob([readFileSync(join(folder, name))]);
  for (const source of [await openDisk(join(folder, name)), openBlob(blob, name)]) {
    const memories = new Set<ArrayBufferLike>();
    const numbers = numbersOf(await studySources([noting(source, memories)], options));
    expect(numbers.map(([path]) => path)).toEqual(expected.map(([path]) => path));
    // The engine rounds what it measures to f32, of halves at other places than of f32.
    const apart = numbers.filter(([, value], at) => Math.abs(value - expected[at][1]) > 1e-6 + 1e-5 * expected[at][1]);
    expect(apart).toEqual([]);
    // A memory that grows has another buffer from then on, and what is read into the one before is lost.
    expect(memories.size).toBe(1);
  }
});
