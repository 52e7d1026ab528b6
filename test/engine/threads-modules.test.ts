// What engines with workers make of the kernels' modules and of the table of ops.

import { createEngine } from "orthonorm";
import { describe, expect, it } from "vitest";
import { type Entry, int8Ops, ops } from "../../abi/ops.js";
import type { Export } from "../../bindings/call/op.js";
import { bytesOf } from "../../bindings/engine/variants.js";
import { takingSharedMemory } from "../../bindings/threads/shared-memory.js";
import { risesOf, rowsPerPiece } from "../../bindings/threads/split.js";
import { allFamilies } from "../../bindings/wasm/families.js";
import * as table from "../../bindings/wasm/ops.js";
import { relaxed } from "../../bindings/wasm/relaxed.js";
import { dtypes } from "../support/ground.js";

const shared = () => new WebAssembly.Memory({ initial: 1, maximum: 9, shared: true });

describe("modules", () => {
  it.each(allFamilies().map((family) => [family.name, family] as const))(
    "%s: take a shared memory, and export what they did",
    (_, family) => {
      for (const dtype of dtypes) {
        for (const bytes of bytesOf(family, undefined, dtype)) {
          const before = new WebAssembly.Module(bytes);
          if (WebAssembly.Module.imports(before).length === 0) continue; // int8 has nothing for f64
          const module = new WebAssembly.Module(takingSharedMemory(bytes));
          expect(WebAssembly.Module.exports(module)).toEqual(WebAssembly.Module.exports(before));
          expect(WebAssembly.Module.imports(module)).toEqual(WebAssembly.Module.imports(before));
          expect(() => new WebAssembly.Instance(before, { env: { memory: shared(), scratch: 0 } })).toThrow();
          const { exports } = new WebAssembly.Instance(module, { env: { memory: shared(), scratch: 0 } });
          expect(Object.keys(exports).length).toBeGreaterThan(0);
        }
      }
    },
  );

  it("of relaxed SIMD are changed alike", () => {
    const [norm] = allFamilies();
    const [, bytes] = bytesOf(norm, relaxed, "f32");
    expect(takingSharedMemory(bytes).length).toBeGreaterThan(bytes.length);
  });

  // (import "env" "f" (func)) (import "env" "memory" (memory 1 2)) (import "env" "g" (global i32))
  const env = [3, 0x65, 0x6e, 0x76];
  const memory = [...env, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2];
  const moduleOf = (...imports: number[][]) => {
    const content = [imports.length, ...imports.flat()];
    return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, content.length, ...content]);
  };

  it.each([
    ["a minimum alone", [0, 1]],
    ["a maximum", [1, 1, 2]],
    ["a maximum of more digits", [1, 1, 0x80, 0x80, 4]],
  ])("with a memory of %s, between other imports", (_, limits) => {
    const bytes = moduleOf([...env, 1, 0x66, 0, 0], [...memory, ...limits], [...env, 1, 0x67, 3, 0x7f, 0]);
    const module = new WebAssembly.Module(takingSharedMemory(bytes));
    const given = { f: () => {}, memory: shared(), g: 0 };
    expect(new WebAssembly.Instance(module, { env: given })).toBeInstanceOf(WebAssembly.Instance);
  });

  it("with imports that no kernel has, or without any", () => {
    const functionTable = [...env, 1, 0x74, 1, 0x70, 0, 1];
    expect(() => takingSharedMemory(moduleOf(functionTable))).toThrow("an import of kind 1, which no kernel has");
    const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0]);
    expect(takingSharedMemory(bytes)).toEqual(bytes);
  });
});

it("an engine clears the word that says that its rows are part of more, in a memory that holds anything", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const words = new Int32Array(memory.buffer).fill(-1);
  createEngine({ memory });
  expect([words[1976 / 4], words[1980 / 4], words[1984 / 4]]).toEqual([-1, 0, -1]);
});

describe("which kernels are shared out", () => {
  // an op that is added to the table is to be put here, or in test/support/threads.ts
  const apart = [
    "orthonormalize",
    "linear",
    "linearF32",
    "linearF64",
    "linearF16",
    "linearBF16",
    "quantize",
    "linearInt8",
  ];

  it("all but those whose rows depend on each other, or need memory of their own", () => {
    const entries: [string, Entry][] = Object.entries({ ...ops, ...int8Ops });
    const kernels = entries.flatMap(([name, { kernels }]) => kernels ?? [name]);
    const kept = kernels.filter(
      (name) => risesOf((table as unknown as Record<string, Export>)[name], "f32") === undefined,
    );
    expect(kept.sort()).toEqual(apart.filter((name) => name !== "linear").sort());
  });

  it("a pointer rises by what its operand has per row", () => {
    expect(risesOf(table.rmsNorm, "bf16")).toEqual([
      { bytes: 2, times: "cols", stride: 0 }, // out
      { bytes: 2, times: "cols", stride: 1 }, // sum
      { bytes: 4, times: "one", stride: -1 }, // rstd
      { bytes: 2, times: "cols", stride: 2 }, // x
      { bytes: 2, times: "cols", stride: 3 }, // residual
      { bytes: 0, times: "one", stride: -1 }, // weight
      { bytes: 0, times: "one", stride: -1 }, // bias
    ]);
    expect(risesOf(table.project, "f64")?.[1]).toEqual({ bytes: 8, times: "k", stride: -1 });
    expect(risesOf(table.toF64, "f16")).toEqual([
      { bytes: 8, times: "cols", stride: 0 },
      { bytes: 2, times: "cols", stride: 1 },
    ]);
  });
});

describe("pieces", () => {
  it.each([
    // rows, bytes of a row, threads, least → rows per piece
    [512, 3072, 2, 1, 64],
    [2048, 16384, 2, 1, 16],
    [1 << 20, 4, 2, 1, 65536],
    [100, 1 << 20, 2, 1, 2],
    [512, 3072, 8, 1, 32],
    [2048, 16384, 2, 64, 64],
    [1 << 28, 4, 2, 1, 65536],
    [2 ** 31 - 1, 1, 2, 1, 262144],
  ])("of %i rows of %i bytes for %i threads, at least %i rows", (rows, bytes, threads, least, expected) => {
    const each = rowsPerPiece(rows, bytes, threads, least);
    expect(each).toBe(expected);
    expect(Math.ceil(rows / each)).toBeLessThanOrEqual(0xffff);
  });
});
