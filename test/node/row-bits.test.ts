// The bits of a row depend on nothing but the row.

import {
  type ArrayOrTensor,
  angle,
  center,
  createEngine,
  type DType,
  decompose,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  moments,
  reject,
  rmsNorm,
  type Tensor,
} from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../support/dtypes.js";
import { dtypes, isHalf, type Numbers, sizeOf, wideOf } from "../support/ground.js";
import { normals, uniforms } from "../support/random.js";
import { rowsOf, tails } from "../support/rows.js";
import { sameBits } from "../support/within.js";

const norms = {
  layerNorm: (x: ArrayOrTensor, options: object): ArrayOrTensor => layerNorm(x, options),
  rmsNorm: (x: ArrayOrTensor, options: object): ArrayOrTensor => rmsNorm(x, options),
};

/** The sum as it is stored. */
function stored(dtype: DType, x: Float64Array, other: Float64Array): Float64Array {
  return x.map((value, i) => reference.roundTo(dtype, value + other[i]));
}

describe.each(dtypes)("%s: same bits", (dtype) => {
  const ops = {
    layerNorm: (x: Numbers, options: object) => layerNorm(x, { dtype, ...options }),
    rmsNorm: (x: Numbers, options: object) => rmsNorm(x, { dtype, ...options }),
    center: (x: Numbers, options: object) => center(x, { dtype, ...options }),
    meanVector: (x: Numbers, options: object) => meanVector(x, { dtype, ...options }),
    "decompose, standardized": (x: Numbers, options: object) => decompose(x, { dtype, ...options }).standardized,
    "decompose, unit": (x: Numbers, options: object) => decompose(x, { dtype, ...options }).unit,
  };

  it("alone, beside others, and beside others in another order", () => {
    const engine = createEngine();
    for (const cols of [...tails, 255, 256, 257, 511, 513, 768, 1000]) {
      const rows = cols < 300 ? 37 : 9; // a block has up to sixteen
      const x = encode(dtype, rowsOf(dtype, rows, cols, cols + 7000));
      const one = (array: Numbers, r: number) => array.slice(r * cols, (r + 1) * cols) as Numbers;
      const back = x.slice() as Numbers;
      for (let r = 0; r < rows; r++) back.set(one(x, rows - 1 - r) as never, r * cols);
      for (const [name, op] of Object.entries(ops)) {
        const together = op(x, { cols, engine });
        const reversed = op(back, { cols, engine });
        for (let r = 0; r < rows; r++) {
          const what = `${name} ${cols} columns, row ${r}`;
          sameBits(`${what} alone`, dtype, op(one(x, r), { engine }), one(together, r));
          sameBits(`${what} reversed`, dtype, one(reversed, rows - 1 - r), one(together, r));
        }
      }
    }
    engine.dispose();
  });

  it("moments, geometry, project and angle: alone and beside others", () => {
    const engine = createEngine();
    for (const cols of [1, 2, 3, 5, 8, 33, 130, 513]) {
      const rows = 6;
      const x = encode(dtype, rowsOf(dtype, rows, cols, cols + 8000));
      const direction = encode(wideOf(dtype), normals(cols, 0.3, 1, cols));
      const options = { cols, dtype, engine };
      const results = (data: Numbers) => ({
        ...moments(data, options),
        ...geometry(data, options),
        between: angle(data, direction, options),
      });
      const together = results(x);
      const rest = reject(x, direction, options);
      for (let r = 0; r < rows; r++) {
        const one = x.slice(r * cols, (r + 1) * cols) as Numbers;
        const alone = results(one);
        for (const name of Object.keys(alone) as (keyof typeof alone)[]) {
          sameBits(
            `${name} ${cols} columns, row ${r}`,
            wideOf(dtype),
            alone[name],
            together[name].slice(r, r + 1) as Numbers,
          );
        }
        sameBits("reject", dtype, reject(one, direction, options), rest.slice(r * cols, (r + 1) * cols) as Numbers);
      }
    }
    engine.dispose();
  });

  it.each([1, 3, 8, 33, 130, 513, 2047])("invertLayerNorm, %i columns: alone, in place, beyond cache", (cols) => {
    const rows = cols === 2047 ? Math.ceil((4.2 * 2 ** 20) / (cols * sizeOf[dtype])) : 9;
    const engine = createEngine();
    const few = Math.min(rows, 9);
    const data = engine.tensor(dtype, [rows, cols]);
    for (let r = 0; r < rows; r += few) {
      const values = encode(dtype, rowsOf(dtype, Math.min(few, rows - r), cols, cols + (r % 5)));
      data.data.set(values as never, r * cols);
    }
    const x = data.toArray() as Numbers;
    const [mean, rstd] = [encode(wideOf(dtype), normals(rows)), encode(wideOf(dtype), normals(rows, 3, 0.1))];
    const weight = encode(wideOf(dtype), normals(cols, 1, 0.1, 3));
    const shared = { weight, bias: weight, dtype, engine };
    const out = invertLayerNorm(data, { ...shared, mean, rstd });
    sameBits("z is left as it was", dtype, data.data as Numbers, x);
    sameBits("of an array", dtype, invertLayerNorm(x, { ...shared, mean, rstd, cols }), out.data as Numbers);
    invertLayerNorm(data, { ...shared, mean, rstd, out: data });
    sameBits("in place", dtype, data.data as Numbers, out.data as Numbers);
    for (const r of [0, 4, 8, rows - 1]) {
      const row = (array: Numbers) => array.slice(r * cols, (r + 1) * cols) as Numbers;
      const one = { mean: mean.slice(r, r + 1), rstd: rstd.slice(r, r + 1) };
      sameBits(`row ${r} alone`, dtype, invertLayerNorm(row(x), { ...shared, ...one }), row(out.data as Numbers));
    }
    engine.dispose();
  });

  it("the residual fused is the norm of the stored sum", () => {
    const engine = createEngine();
    for (const cols of [1, 2, 3, 4, 7, 31, 32, 33, 130, 768]) {
      for (const rows of [1, 3, 4, 6, 9]) {
        const x = encode(dtype, rowsOf(dtype, rows, cols, cols + rows));
        const residual = encode(dtype, rowsOf(dtype, rows, cols, cols + rows + 500));
        const weight = encode(dtype, normals(cols, 1, 0.5, cols));
        const bias = encode(dtype, normals(cols, 0, 0.5, cols));
        const shared = { cols, dtype, weight, bias, engine };
        for (const [name, op] of Object.entries(norms)) {
          const sum = x.slice() as Numbers;
          const fused = op(x, { ...shared, residual, sum }) as Numbers;
          sameBits(`${name} ${rows}×${cols}`, dtype, fused, op(sum, shared) as Numbers);
          sameBits(`${name} ${rows}×${cols} without sum`, dtype, op(x, { ...shared, residual }) as Numbers, fused);
          const s = stored(dtype, decode(dtype, x), decode(dtype, residual));
          sameBits("sum", dtype, sum, encode(dtype, s));
        }
      }
    }
    engine.dispose();
  });

  /** More than 4 MiB of rows: out of place these take another path, which touches the output's lines first. */
  function large(cols: number): { x: Numbers; rows: number } {
    const rows = Math.ceil((4.2 * 2 ** 20) / (cols * sizeOf[dtype]));
    const uniform = uniforms(cols);
    let x: Numbers;
    if (dtype === "f32") x = new Float32Array(rows * cols);
    else if (dtype === "f64") x = new Float64Array(rows * cols);
    else x = new Uint16Array(rows * cols);
    // bits of halves below 2; else numbers in [−1, 1)
    for (let i = 0; i < x.length; i++) x[i] = isHalf(dtype) ? (uniform() * 65536) & 0xbfff : 2 * uniform() - 1;
    const kinds = rowsOf(dtype, 8, cols, cols);
    for (let r = 5; r < rows; r += 13) {
      const from = (r % 8) * cols;
      x.set(encode(dtype, kinds.subarray(from, from + cols)) as never, r * cols);
    }
    return { x, rows };
  }

  it.each([2048, 2047])("beyond cache, %i columns: in place, out of place, alone", (cols) => {
    const engine = createEngine();
    const { x: data, rows } = large(cols);
    const saved = () => engine.tensor(wideOf(dtype), [rows]);
    const weight = encode(wideOf(dtype), normals(cols, 1, 0.5, 3));
    const x = engine.tensor(dtype, [rows, cols], data);
    const out = engine.tensor(dtype, [rows, cols]);
    for (const name of ["layerNorm", "rmsNorm", "center", "meanVector"] as const) {
      const [farRstd, nearRstd] = [saved(), saved()];
      const norm = name === "layerNorm" || name === "rmsNorm";
      const run = (to: Tensor, rstd: Tensor) => {
        if (name === "layerNorm") layerNorm(x, { out: to, weight, bias: weight, rstd });
        else if (name === "rmsNorm") rmsNorm(x, { out: to, weight, rstd });
        else if (name === "center") center(x, { out: to });
        else meanVector(x, { out: to });
      };
      x.data.set(data as never);
      run(out, farRstd);
      sameBits(`${name}: x is left as it was`, dtype, x.data as Numbers, data);
      run(x, nearRstd);
      sameBits(name, dtype, out.data as Numbers, x.data as Numbers);
      if (norm) sameBits(`${name}: rstd`, wideOf(dtype), farRstd.data as Numbers, nearRstd.data as Numbers);
      for (const r of [0, 4, 5, 18, rows - 2, rows - 1]) {
        const one = data.slice(r * cols, (r + 1) * cols) as Numbers;
        const options = norm ? { weight, bias: name === "layerNorm" ? weight : undefined } : {};
        const alone = ops[name](one, { ...options, engine });
        sameBits(`${name}: row ${r} alone`, dtype, alone, out.data.slice(r * cols, (r + 1) * cols) as Numbers);
      }
      farRstd.dispose();
      nearRstd.dispose();
    }
    engine.dispose();
  });
});

it("beyond cache: decompose, and a residual whose blocks of four rows are beyond cache", () => {
  const engine = createEngine();
  const cols = 2 ** 18 + 3;
  const rows = 5;
  const data = encode("f32", normals(rows * cols, 0.2, 1, 1));
  const residual = encode("f32", normals(rows * cols, 0.2, 1, 2));
  const x = engine.tensor("f32", [rows, cols], data);
  const { standardized } = decompose(x);
  const one = decompose(data.subarray(cols, 2 * cols), { engine });
  sameBits("standardized", "f32", one.standardized, standardized.data.slice(cols, 2 * cols) as Numbers);
  for (const [name, op] of Object.entries(norms)) {
    const sum = engine.tensor("f32", [rows, cols]);
    const fused = op(x, { residual, sum }) as Tensor;
    op(sum, { out: sum });
    sameBits(name, "f32", fused.data as Numbers, sum.data as Numbers);
    sum.dispose();
    fused.dispose();
  }
  engine.dispose();
});

it("beyond cache, x ends where memory ends: nothing past the end is read", () => {
  // rows of 1 mod 32 halves: the last cache line of a row that ends with memory has two bytes
  const [rows, cols] = [32, 65537];
  const size = rows * cols * 2;
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 256 });
  const engine = createEngine({ memory });
  const out = engine.tensor("f16", [rows, cols]);
  engine.tensor("f16", memory.buffer.byteLength / 2 - 1024 - size);
  const x = engine.tensor("f16", [rows, cols]);
  expect(x.data.byteOffset + x.data.byteLength).toBe(memory.buffer.byteLength);
  expect(layerNorm(x, { out })).toBe(out);
});
