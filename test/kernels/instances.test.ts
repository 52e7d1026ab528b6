// Several instances in one memory; and what the bits of a row do not depend on: its stride, its neighbours, the size of x.

import { describe, expect, it } from "vitest";
import { ops } from "../../abi/ops.js";
import { encode } from "../support/dtypes.js";
import { dtypes, Ground, moduleOf, type Numbers, scratchBytes, sizeOf, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";
import { rowsOf, tails } from "../support/rows.js";
import { sameBits } from "../support/within.js";

const scalars = { weightOffset: 0.5, eps: 1e-5 };

describe.each(dtypes)("%s", (dtype) => {
  it("two instances over one memory: each writes its own scratch and its outputs, and their bits are the same", () => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4 });
    new Uint8Array(memory.buffer).fill(0xa5);
    const half = memory.buffer.byteLength / 2;
    // `call` refuses a byte that changed outside of what is a Ground's own, the other's scratch included
    const first = new Ground(0, memory, 0, 2 * scratchBytes);
    const second = new Ground(0, memory, scratchBytes, half);
    const third = new Ground(0, memory, half - scratchBytes, half);
    for (const cols of [1, 7, 64, 130]) {
      const rows = 9;
      const values = encode(dtype, rowsOf(dtype, rows, cols, cols));
      const results = [first, second, third].map((ground) => {
        const x = ground.put(dtype, values, { rows });
        const outputs: Numbers[] = [];
        for (const op of ["layerNorm", "rmsNorm", "center"] as const) {
          const out = ground.put(dtype, rows * cols, { rows });
          ground.call(op, dtype, { out, x }, { rows, cols, ...scalars });
          outputs.push(out.read());
        }
        const z = { mean: ground.put(wideOf(dtype), rows), rstd: ground.put(wideOf(dtype), rows), z: x };
        const out = ground.put(dtype, rows * cols, { rows });
        ground.call("invertLayerNorm", dtype, { out, ...z, columns: ground.put("f64", 8) }, { rows, cols });
        outputs.push(out.read());
        ground.clear();
        return outputs;
      });
      for (const other of results.slice(1)) {
        for (const [k, result] of other.entries()) sameBits(`output ${k}`, dtype, result, results[0][k]);
      }
    }
  });

  it("a row alone, beside others, and with other strides", () => {
    const ground = new Ground(16);
    for (const cols of [...tails.filter((n) => n % 3 === 0), 255, 256, 257, 513, 768, 1000]) {
      const rows = cols < 300 ? 37 : 9; // a block has up to sixteen
      const values = encode(dtype, rowsOf(dtype, rows, cols, cols + 7000));
      for (const op of ["layerNorm", "rmsNorm", "center", "meanVector"] as const) {
        const run = (some: Numbers, gaps: readonly [number, number]) => {
          const count = some.length / cols;
          const x = ground.put(dtype, some, { rows: count, gap: gaps[0] });
          const out = ground.put(dtype, some.length, { rows: count, gap: gaps[1] });
          ground.call(op, dtype, { out, x }, { rows: count, cols, ...scalars });
          const result = out.read();
          ground.clear();
          return result;
        };
        const together = run(values, [0, 0]);
        sameBits(`${op} ${cols} columns, with gaps`, dtype, run(values, [3, 6]), together);
        for (const r of [0, 1, rows >> 1, rows - 1]) {
          const one = run(values.slice(r * cols, (r + 1) * cols), [0, 0]);
          sameBits(`${op} ${cols} columns, row ${r} alone`, dtype, one, together.slice(r * cols, (r + 1) * cols));
        }
      }
    }
  });

  it.each([
    [2048, 0],
    [2047, 0],
    [2047, 5],
  ])("beyond cache, where the output is prefetched: %i columns and %i between rows", (cols, gap) => {
    const rows = Math.ceil((4.2 * 2 ** 20) / (cols * sizeOf[dtype]));
    const pages = Math.ceil((2 * rows * (cols + gap) * sizeOf[dtype]) / 65536) + 2;
    const ground = new Ground(pages);
    const some = encode(dtype, rowsOf(dtype, 8, cols, cols));
    const values = new (some.constructor as Float32ArrayConstructor)(rows * cols) as Numbers;
    for (let r = 0; r < rows; r++) values.set(some.subarray((r % 8) * cols, ((r % 8) + 1) * cols) as never, r * cols);
    const weight = normals(cols, 1, 0.5, 3);
    for (const op of ["layerNorm", "rmsNorm"] as const) {
      const x = ground.put(dtype, values, { rows, gap });
      const out = ground.put(dtype, values.length, { rows, gap: 2 * gap - gap });
      const operands = { x, weight: ground.put(wideOf(dtype), weight) };
      ground.call(op, dtype, { ...operands, out }, { rows, cols, ...scalars });
      const far = out.read();
      ground.call(op, dtype, { ...operands, out: x }, { rows, cols, ...scalars });
      sameBits(`${op}: in place`, dtype, x.read(), far);
      ground.clear();
      const few = { x: ground.put(dtype, some, { rows: 8 }), weight: ground.put(wideOf(dtype), weight) };
      const near = ground.put(dtype, some.length, { rows: 8 });
      ground.call(op, dtype, { ...few, out: near }, { rows: 8, cols, ...scalars });
      sameBits(`${op}: eight rows`, dtype, near.read(), far.slice(0, 8 * cols));
      ground.clear();
    }
  });
});

it.each(dtypes)("%s: a module imports its memory and the place of its scratch, and nothing else", (dtype) => {
  const allowed = ["env.memory", "env.scratch"];
  for (const family of new Set(Object.values(ops).map((op) => op.family))) {
    const imports = WebAssembly.Module.imports(moduleOf(family, dtype)).map(({ module, name }) => `${module}.${name}`);
    expect(imports, family).toContain("env.memory");
    expect(
      imports.filter((name) => !allowed.includes(name)),
      family,
    ).toEqual([]);
  }
});
