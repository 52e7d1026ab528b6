// Every op on every element type against the oracle: all tails, all kinds of rows beside one another, options crossed, and
// every byte around the outputs watched. What the ops promise of their errors is docs/numerics.md and their docstrings.

import {
  angle,
  center,
  createEngine,
  type DType,
  decompose,
  type Engine,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  moments,
  type Operand,
  orthonormalize,
  project,
  reject,
  rmsNorm,
  type Tensor,
} from "orthonorm";
import * as reference from "orthonorm/reference";
import { describe, expect, it } from "vitest";
import { boundOf } from "../support/accuracy.js";
import { decode, encode } from "../support/dtypes.js";
import { misroundings, relativeError } from "../support/error.js";
import { normals, uniforms } from "../support/random.js";

type Numbers = Float32Array | Float64Array | Uint16Array;

const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const BYTES = { f32: 4, f64: 8, f16: 2, bf16: 2 };
const isHalf = (dtype: DType): dtype is "f16" | "bf16" => dtype === "f16" || dtype === "bf16";
const wide = (dtype: DType) => (dtype === "f64" ? "f64" : "f32");
/** The oracle's ops and the engine's, to be had by name; any options, as the tests cross them. */
const oracle = {
  center: reference.center,
  meanVector: reference.meanVector,
  project: reference.project,
  reject: reference.reject,
};
const norms = {
  layerNorm: (x: Operand, options: object): Operand => layerNorm(x, options),
  rmsNorm: (x: Operand, options: object): Operand => rmsNorm(x, options),
};
const tails = Array.from({ length: 130 }, (_, i) => i + 1);

// What is promised

/** LayerNorm: |Δy| ≤ norm · max(1, |y|). RMSNorm: |Δy| ≤ rms · |y|. Before weight and bias, at ≤ 4096 columns. */
const promise = {
  f32: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
  f64: { norm: 1e-15, rms: 1e-15, unit: 2 ** -53, smallest: 2 ** -1074 },
  // halves are computed in f32, but their y is promised relative to itself: see `allowance`
  f16: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
  bf16: { norm: 5e-7, rms: 3e-7, unit: 2 ** -24, smallest: 2 ** -149 },
};

/** How far from y = t·w + b a norm may be before it is rounded to the element type. */
function allowance(op: "layerNorm" | "rmsNorm", dtype: DType, t: number, w: number, b: number): number {
  // a half is the f64 result rounded, or its neighbour if that lies within 1e-6 of the tie
  if (isHalf(dtype)) return 1e-6 * (Math.abs(t * w) + Math.abs(b)) + 2 ** -148;
  const { norm, rms, unit, smallest } = promise[dtype];
  const before = op === "layerNorm" ? norm * Math.max(1, Math.abs(t)) : rms * Math.abs(t) + 2 * smallest;
  // weightOffset + weight, the product and the sum round once each
  return before * Math.abs(w) + 2 * unit * (Math.abs(t * w) + Math.abs(b)) + 2 * smallest;
}

/**
 * Throws unless every number is the expected one, off by no more than allowed, rounded to the element type: rounding is
 * monotonic, so it lies between the ends of that interval, rounded. NaN where NaN is expected, and nowhere else.
 */
function within(
  what: string,
  dtype: DType,
  actual: Numbers,
  expected: ArrayLike<number>,
  allowed: (i: number) => number,
): void {
  const values = decode(dtype, actual);
  if (values.length !== expected.length) throw new Error(`${what}: ${values.length} elements, not ${expected.length}`);
  for (let i = 0; i < values.length; i++) {
    const [value, right] = [values[i], expected[i]];
    if (Object.is(value, right) || (Number.isNaN(value) && Number.isNaN(right))) continue;
    if (isHalf(dtype) && reference.roundTo(dtype, right) === value) continue;
    const least = reference.roundTo(dtype, right - allowed(i));
    const most = reference.roundTo(dtype, right + allowed(i));
    if (!(value >= least && value <= most)) {
      throw new Error(`${what}[${i}]: expected ${right} ± ${allowed(i)}, got ${value}`);
    }
  }
}

/** Throws unless two arrays hold the same numbers to the bit; the payloads of NaNs apart. */
function same(what: string, dtype: DType, actual: Numbers, expected: Numbers): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} elements, not ${expected.length}`);
  }
  for (let i = 0; i < actual.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    // halves are bits, of which many are NaN
    const [a, b] = [decode(dtype, [actual[i]])[0], decode(dtype, [expected[i]])[0]];
    if (!Object.is(a, b)) throw new Error(`${what}[${i}]: expected the bits of ${b}, got ${a}`);
  }
}

// Rows that kernels treat differently: a block settles ordinary rows at once and hands the others on

const range = {
  f32: { huge: 1e30, tiny: 1e-30, denormal: 1e-40 },
  f64: { huge: 1e300, tiny: 1e-300, denormal: 1e-310 },
  f16: { huge: 1e4, tiny: 1e-5, denormal: 1e-7 },
  bf16: { huge: 1e30, tiny: 1e-30, denormal: 1e-40 },
};

type Kind =
  | "ordinary"
  | "constant"
  | "near constant"
  | "zero"
  | "huge mean"
  | "huge"
  | "tiny"
  | "denormal"
  | "NaN"
  | "infinite";

const finite: readonly Kind[] = [
  "constant",
  "near constant",
  "zero",
  "huge mean",
  "huge",
  "tiny",
  "denormal",
  "ordinary",
];
const all: readonly Kind[] = [...finite, "NaN", "infinite"];

function row(dtype: DType, kind: Kind, cols: number, seed: number): Float64Array {
  const x = normals(cols, 0.2, 1, seed);
  const at = seed % cols;
  if (kind === "constant") return x.fill(x[0]);
  if (kind === "near constant") return x.map((value) => 3 + value / 1000);
  if (kind === "zero") return x.fill(0);
  if (kind === "huge mean") return x.map((value) => 1e4 + value);
  if (kind === "NaN") x[at] = Number.NaN;
  if (kind === "infinite") x[at] = seed & 1 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (kind === "huge" || kind === "tiny" || kind === "denormal") return x.map((value) => value * range[dtype][kind]);
  return x;
}

/** Rows of which a bit more than half are ordinary, so that pairs have none, one and two of the others. */
function rowsOf(dtype: DType, rows: number, cols: number, seed: number, others: readonly Kind[] = all): Float64Array {
  const uniform = uniforms(seed);
  const x = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    const kind = uniform() < 0.55 ? "ordinary" : others[Math.floor(uniform() * others.length)];
    x.set(row(dtype, kind, cols, seed * 64 + r), r * cols);
  }
  return x;
}

/** 1, 4, 7 or 9 rows; every tail meets each of them. */
const rowCount = (cols: number, shift: number) => [1, 4, 7, 9][((cols >> 2) + shift) & 3];

// A memory of which every byte is known

/** Are these the same? Without a branch in the loop, for it runs over the whole memory after each call. */
function equal(a: Int32Array, b: Int32Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i += 4) {
    difference |= (a[i] ^ b[i]) | (a[i + 1] ^ b[i + 1]) | (a[i + 2] ^ b[i + 2]) | (a[i + 3] ^ b[i + 3]);
  }
  return difference === 0;
}

const FILL = 0xa5;
const align = (bytes: number) => Math.ceil(bytes / 64) * 64;

/**
 * An engine in a memory full of 0xa5 that cannot grow. Operands are views into Tensors, at odd offsets and with guards on
 * both sides, so that kernels work on them in place; a call may change its outputs, the kernels' scratch, and the blocks
 * it takes above the last Tensor, and nothing else.
 */
class Ground {
  readonly engine: Engine;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  /** What they were before a call. */
  private readonly before: Uint8Array<ArrayBuffer>;
  private tensors: Tensor[] = [];
  private top = 2048;

  constructor(pages = 5) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(memory.buffer as ArrayBuffer).fill(FILL);
    this.before = this.bytes.slice();
    this.engine = createEngine({ memory });
  }

  /** A view of so many elements, of numbers rounded to the type, or of 0xa5. */
  put(dtype: DType, values: ArrayLike<number> | number): Numbers {
    const length = typeof values === "number" ? values : values.length;
    const guard = 9 + (this.tensors.length % 4);
    const tensor = this.tensor(dtype, length + 2 * guard);
    const { data } = tensor;
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(FILL);
    const view = data.subarray(guard, guard + length) as Numbers;
    if (typeof values !== "number") view.set(encode(dtype, values));
    return view;
  }

  tensor(dtype: DType, shape: number | number[], data?: Numbers): Tensor {
    const tensor = this.engine.tensor(dtype, shape, data);
    this.tensors.push(tensor);
    this.top += align(tensor.length * BYTES[dtype]);
    return tensor;
  }

  /** Runs a call; throws if it writes elsewhere than to these outputs and blocks of these sizes above the Tensors. */
  watch<T>(what: string, outputs: readonly (Numbers | undefined)[], blocks: readonly number[], call: () => T): T {
    const { bytes, before } = this;
    before.set(bytes);
    const result = call();
    const open: [number, number][] = [[0, 2048]];
    for (const output of outputs) if (output) open.push([output.byteOffset, output.byteOffset + output.byteLength]);
    // where exactly among them the arena puts a block is its own affair, which may cost 64 bytes each
    const room = blocks.reduce((total, size) => total + align(size) + 64, 0);
    open.push([this.top, this.top + room]);
    // what may have changed is made equal, so that the rest can be compared by words
    for (const [start, end] of open) before.set(bytes.subarray(start, end), start);
    if (!equal(new Int32Array(before.buffer), new Int32Array(bytes.buffer))) {
      const wrong = bytes.findIndex((byte, at) => byte !== before[at]);
      throw new Error(`${what}: byte ${wrong} changed, outside the outputs at ${open.join("; ")}`);
    }
    return result;
  }

  /** Gives all Tensors back, and what else a call returned. */
  clear(...more: Tensor[]): void {
    for (const tensor of [...this.tensors, ...more]) tensor.dispose();
    if (this.engine.bytesInUse !== 0) throw new Error(`${this.engine.bytesInUse} bytes are left in use`);
    this.tensors = [];
    this.top = 2048;
    this.bytes.fill(FILL);
  }
}

/** √variance, where the variance itself may be beyond f64. */
function deviations(x: Float64Array, cols: number): Float64Array {
  return reference.geometry(x, { cols }).orthogonal.map((length) => length / Math.sqrt(cols));
}

// The norms

interface Combination {
  weight?: true;
  bias?: true;
  weightOffset?: number;
  eps?: number;
  residual?: true;
  out?: "x" | "residual";
  sum?: "own" | "x" | "residual";
  saved?: true;
}

const combinations: readonly Combination[] = [
  {},
  { weight: true },
  { bias: true, eps: 0 },
  { weight: true, bias: true, saved: true },
  { eps: 0, saved: true },
  { weight: true, weightOffset: 1, eps: 1e-12 },
  { weight: true, bias: true, weightOffset: -0.5, out: "x" },
  { weightOffset: 3, out: "x", saved: true },
  { residual: true, weight: true },
  { residual: true, sum: "own", saved: true, eps: 0 },
  { residual: true, sum: "own", out: "x", bias: true },
  { residual: true, sum: "x", weight: true, bias: true },
  { residual: true, sum: "residual", saved: true },
  { residual: true, out: "residual", weight: true },
  { residual: true, sum: "x", out: "residual" },
  { residual: true, sum: "residual", out: "x", weight: true, weightOffset: 1 },
  { residual: true, out: "x", saved: true },
];

/** The sum as it is stored. */
function stored(dtype: DType, x: Float64Array, other: Float64Array): Float64Array {
  return x.map((value, i) => reference.roundTo(dtype, value + other[i]));
}

function checkNorm(ground: Ground, op: "layerNorm" | "rmsNorm", dtype: DType, cols: number, index: number): void {
  const options = combinations[index];
  const layer = op === "layerNorm";
  const rows = rowCount(cols, index);
  const what = `${op} ${dtype} ${rows}×${cols} ${JSON.stringify(options)}`;
  const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols * 31 + index));
  const residual = options.residual && ground.put(dtype, rowsOf(dtype, rows, cols, cols * 37 + index, finite));
  const weight = options.weight && ground.put(wide(dtype), normals(cols, 1, 0.5, cols + 1));
  const bias = options.bias && ground.put(wide(dtype), normals(cols, 0, 0.5, cols + 2));
  const place = { x, residual, own: ground.put(dtype, rows * cols), none: undefined };
  const out = options.out ? (place[options.out] as Numbers) : ground.put(dtype, rows * cols);
  const sum = place[options.sum ?? "none"];
  const mean = layer && options.saved ? ground.put(wide(dtype), rows) : undefined;
  const rstd = options.saved && ground.put(wide(dtype), rows);

  const exact = decode(dtype, x);
  const s = residual ? stored(dtype, exact, decode(dtype, residual)) : exact;
  const { eps = 1e-5, weightOffset = 0 } = options;
  const common = { cols, dtype, engine: ground.engine, weight, bias, eps, residual, sum, out, rstd };
  const y = ground.watch(what, [out, sum, mean, rstd], [], () =>
    layer ? layerNorm(x, { ...common, mean }) : rmsNorm(x, { ...common, weightOffset }),
  );

  expect(y).toBe(out);
  const expected = layer ? reference.layerNorm(s, { cols, eps }) : reference.rmsNorm(s, { cols, eps });
  const w = (i: number) => (weight ? weight[i % cols] + (layer ? 0 : weightOffset) : 1);
  const b = (i: number) => (bias ? bias[i % cols] : 0);
  within(
    what,
    dtype,
    out,
    expected.y.map((t, i) => t * w(i) + b(i)),
    (i) => allowance(op, dtype, expected.y[i], w(i), b(i)),
  );
  if (sum) same(`${what}: sum`, dtype, sum, encode(dtype, s));
  const { norm, rms, smallest } = promise[dtype];
  if (mean) {
    const size = reference.moments(s, { cols });
    within(`${what}: mean`, wide(dtype), mean, size.mean, (r) => norm * size.rms[r] + smallest);
  }
  if (rstd) {
    within(`${what}: rstd`, wide(dtype), rstd, expected.rstd, (r) => 2 * (layer ? norm : rms) * expected.rstd[r]);
  }
  ground.clear();
}

describe.each(dtypes)("%s against the oracle, 1 to 130 columns, nothing else written", (dtype) => {
  for (const op of ["layerNorm", "rmsNorm"] as const) {
    it(op, () => {
      const ground = new Ground();
      for (const cols of tails) {
        for (let index = 0; index < combinations.length; index++) {
          // a third of the combinations a length for halves, whose rounding takes the oracle long; every tail meets all
          if (isHalf(dtype) && (index + (cols >> 2)) % 3 !== 0) continue;
          checkNorm(ground, op, dtype, cols, index);
        }
      }
    });
  }

  const { norm, rms, smallest } = promise[dtype];

  it("moments and geometry", () => {
    const ground = new Ground();
    for (const cols of tails) {
      const rows = rowCount(cols, 0);
      const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols));
      const exact = decode(dtype, x);
      const options = { cols, dtype, engine: ground.engine };
      const block = rows * BYTES[wide(dtype)];
      const what = `${dtype} ${rows}×${cols}`;

      const m = ground.watch(what, [], [block, block, block], () => moments(x, options));
      const right = reference.moments(exact, { cols });
      const check = (name: string, actual: Numbers, expected: Float64Array, allowed: (r: number) => number) =>
        within(`${name} ${what}`, wide(dtype), actual, expected, allowed);
      check("mean", m.mean, right.mean, (r) => norm * right.rms[r] + smallest);
      check("variance", m.variance, right.variance, (r) => 2 * norm * right.variance[r] + smallest);
      check("rms", m.rms, right.rms, (r) => 2 * rms * right.rms[r] + smallest);

      const g = ground.watch(what, [], [block, block, block, block, block], () => geometry(x, options));
      const where = reference.geometry(exact, { cols });
      for (const name of ["norm", "uniform", "orthogonal"] as const) {
        check(name, g[name], where[name], (r) => norm * where.norm[r] + smallest * Math.sqrt(cols));
      }
      check("cosine", g.cosine, where.cosine, () => norm);
      check("angle", g.angle, where.angle, () => norm);
      ground.clear();
    }
  });

  it("center and meanVector, out of place and in place", () => {
    const ground = new Ground();
    for (const cols of tails) {
      for (const inPlace of [false, true]) {
        const rows = rowCount(cols, inPlace ? 1 : 0);
        for (const name of ["center", "meanVector"] as const) {
          const what = `${name} ${dtype} ${rows}×${cols}`;
          const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 1000));
          const exact = decode(dtype, x);
          const out = inPlace ? x : ground.put(dtype, rows * cols);
          const y = ground.watch(what, [out], [], () =>
            (name === "center" ? center : meanVector)(x as Operand, { cols, dtype, engine: ground.engine, out }),
          );
          expect(y).toBe(out);
          const size = reference.moments(exact, { cols }).rms;
          const sigma = deviations(exact, cols);
          const expected = oracle[name](exact, { cols });
          within(what, dtype, out, expected, (i) => {
            const r = Math.floor(i / cols);
            if (name === "meanVector") return norm * size[r] + smallest;
            return norm * Math.max(sigma[r], Math.abs(expected[i])) + 2 * smallest;
          });
          ground.clear();
        }
      }
    }
  });

  it("invertLayerNorm, of any z, mean and rstd", () => {
    const ground = new Ground();
    const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;
    for (const cols of tails) {
      for (const index of [0, 1, 2, 3]) {
        if (isHalf(dtype) && (index + cols) % 2 === 0) continue;
        const [weighted, biased] = [(index & 1) === 1, index > 1];
        const rows = rowCount(cols, index);
        const what = `invertLayerNorm ${dtype} ${rows}×${cols}${weighted ? " weight" : ""}${biased ? " bias" : ""}`;
        const z = ground.put(dtype, rowsOf(dtype, rows, cols, cols * 41 + index));
        const means = normals(rows, 0, 100, cols + index);
        const rstds = normals(rows, 0, 2, cols + index + 1).map((value) => 2 ** value);
        if (rows > 4) {
          rstds.set([infinity, nan, 0], 1);
          means.set([nan, infinity], 4);
        }
        const mean = ground.put(wide(dtype), means);
        const rstd = ground.put(wide(dtype), rstds);
        const weight = weighted ? ground.put(wide(dtype), normals(cols, 1, 0.5, cols + 1)) : undefined;
        const bias = biased ? ground.put(wide(dtype), normals(cols, 0, 0.5, cols + 2)) : undefined;
        const expected = reference.invertLayerNorm(decode(dtype, z), { cols, mean, rstd, weight, bias });
        const out = cols & 1 ? z : ground.put(dtype, rows * cols);
        const block = weight || bias ? 16 * Math.ceil(cols / 4) * 4 : 64;
        const x = ground.watch(what, [out], [block], () =>
          invertLayerNorm(z as Operand, { mean, rstd, weight, bias, cols, dtype, engine: ground.engine, out }),
        );
        expect(x).toBe(out);
        within(what, dtype, out, expected, (i) => {
          const right = Math.abs(expected[i]);
          const size = Math.max(right, Math.abs(expected[i] - mean[Math.floor(i / cols)]));
          return 1e-15 * size + (isHalf(dtype) ? 1e-6 * right + 2 ** -148 : 0);
        });
        ground.clear();
      }
    }
  });

  it("decompose, of a Tensor and of an array", () => {
    const ground = new Ground();
    for (const cols of tails) {
      const rows = rowCount(cols, 2);
      const what = `decompose ${dtype} ${rows}×${cols}`;
      const data = encode(dtype, rowsOf(dtype, rows, cols, cols + 2000));
      const exact = decode(dtype, data);
      const x = ground.tensor(dtype, [rows, cols], data);
      const block = rows * cols * BYTES[dtype];
      const tensors = ground.watch(what, [], [block, block, block, block], () => decompose(x));
      const arrays = decompose(data, { cols, dtype, engine: ground.engine });
      const size = reference.moments(exact, { cols }).rms;
      const sigma = deviations(exact, cols);
      const expected = reference.decompose(exact, { cols });
      const part = (name: keyof typeof expected, allowed: (i: number, r: number) => number) => {
        expect(tensors[name].shape).toEqual([rows, cols]);
        same(`${what} ${name}`, dtype, arrays[name], tensors[name].data as Numbers);
        within(`${what} ${name}`, dtype, arrays[name], expected[name], (i) => allowed(i, Math.floor(i / cols)));
      };
      const scaled = (i: number) => norm * Math.max(1, Math.abs(expected.standardized[i]));
      part("meanVector", (_, r) => norm * size[r] + smallest);
      part("orthogonal", (i, r) => norm * Math.max(sigma[r], Math.abs(expected.orthogonal[i])) + 2 * smallest);
      part("unit", (i) => (1.5 * scaled(i)) / Math.sqrt(cols));
      part("standardized", scaled);
      ground.clear(...Object.values(tensors));
    }
  });

  it("project and reject, one direction or several", () => {
    const ground = new Ground();
    const scales = dtype === "f16" ? [1, 0.01, 100] : [1, 1e-20, 1e20];
    for (const cols of tails) {
      for (const k of [1, 2, 3]) {
        if (k > cols) continue;
        const rows = rowCount(cols, k);
        const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 3000));
        const exact = decode(dtype, x);
        const vectors = normals(k * cols, 0.3, 1, cols * 3 + k).map((value) => value * scales[cols % 3]);
        const rowsOfDirection = k === 1 ? vectors : reference.orthonormalize(vectors, { cols });
        const direction = ground.put(wide(dtype), rowsOfDirection);
        const given = decode(wide(dtype), direction);
        const length = k === 1 ? Math.sqrt(reference.dot(given, given).hi) : 1;
        for (const name of ["project", "reject"] as const) {
          const what = `${name} ${dtype} ${rows}×${cols} k=${k}`;
          const inPlace = name === "reject" && (cols & 1) === 1;
          const out = inPlace ? x : ground.put(dtype, rows * cols);
          const coefficients = ground.put(wide(dtype), rows * k);
          const blocks = k === 1 ? [cols * BYTES[wide(dtype)]] : [];
          const options = { cols, dtype, engine: ground.engine, out, coefficients };
          const before = decode(wide(dtype), direction);
          const y = ground.watch(what, [out, coefficients], blocks, () =>
            (name === "project" ? project : reject)(x as Operand, direction, options),
          );
          expect(y).toBe(out);
          same(`${what}: direction`, wide(dtype), direction, encode(wide(dtype), before));
          const expected = oracle[name](exact, given, { cols });
          const size = reference.geometry(exact, { cols }).norm;
          const values = decode(dtype, out);
          for (let r = 0; r < rows; r++) {
            const [from, to] = [r * cols, (r + 1) * cols];
            if (exact.subarray(from, to).includes(Number.NaN)) {
              expect(values.subarray(from, to).every(Number.isNaN)).toBe(true);
              continue;
            }
            if (Number.isNaN(size[r])) {
              // an infinity leaves nothing finite
              expect(values.subarray(from, to).some(Number.isFinite)).toBe(false);
              continue;
            }
            const part = (array: Numbers, each: number) => array.subarray(r * each, (r + 1) * each) as Numbers;
            within(what, dtype, part(out, cols), expected.y.subarray(from, to), () => norm * size[r] + 2 * smallest);
            within(
              `${what}: coefficients`,
              wide(dtype),
              part(coefficients, k),
              expected.coefficients.subarray(r * k, (r + 1) * k),
              () => (norm * size[r] + 2 * smallest) / length + smallest,
            );
          }
        }
        ground.clear();
      }
    }
  });

  it("angle, paired and with one direction", () => {
    const ground = new Ground();
    // denormal rows have their own test below
    const kinds = all.filter((kind) => kind !== "denormal");
    for (const cols of tails) {
      for (const paired of [false, true]) {
        const rows = rowCount(cols, paired ? 1 : 0);
        const what = `angle ${dtype} ${rows}×${cols} ${paired ? "paired" : "one direction"}`;
        const x = ground.put(dtype, rowsOf(dtype, rows, cols, cols + 4000, kinds));
        const values = paired ? rowsOf(dtype, rows, cols, cols + 5000, kinds) : normals(cols, 0.3, 1, cols);
        // rows that are nearly parallel and nearly opposite, where arccos would have lost all digits
        if (paired && rows > 2) {
          const exact = decode(dtype, x);
          for (let i = 0; i < cols; i++) {
            values[i] = exact[i] * (1 + (i % 7) * 1e-5);
            values[cols + i] = -exact[cols + i];
          }
        }
        const y = ground.put(wide(dtype), values);
        const result = ground.watch(what, [], [rows * BYTES[wide(dtype)]], () =>
          angle(x, y, { cols, dtype, engine: ground.engine }),
        );
        const expected = reference.angle(decode(dtype, x), decode(wide(dtype), y), { cols });
        within(what, wide(dtype), result, expected, () => norm);
        ground.clear();
      }
    }
  });

  it("orthonormalize, of a Tensor and of an array", () => {
    const ground = new Ground();
    for (const cols of tails) {
      for (const k of [1, 2, 3]) {
        // with room to spare no vector comes near the span of the others
        if (k > 1 && cols < 3 * k) continue;
        const what = `orthonormalize ${dtype} ${k}×${cols}`;
        const scale = dtype === "f16" ? 1 : [1, 1e-20, 1e20][cols % 3];
        const data = encode(
          dtype,
          normals(k * cols, 0.3, 1, cols + 6000 + k).map((value) => value * scale),
        );
        const x = ground.tensor(dtype, [k, cols], data);
        const length = k * cols;
        const y = ground.watch(what, [], [length * BYTES[dtype], length * 8], () => orthonormalize(x));
        expect(y.shape).toEqual([k, cols]);
        const expected = reference.orthonormalize(decode(dtype, data), { cols });
        within(what, dtype, y.data as Numbers, expected, () => 1e-13);
        same(what, dtype, orthonormalize(data, { cols, dtype, engine: ground.engine }), y.data as Numbers);
        ground.clear(y);
      }
    }
  });
});

// The oracle's bounds hold for rounding errors that go either way. These rows make all of them go the same way.

describe("rows whose rounding errors add up", () => {
  const engine = createEngine();
  const lengths = [2, 3, 17, 100, 128, 251, 573, 586, 767, 768, 1023, 1093, 1536, 1600, 2015, 2047, 3108, 4095, 4096];

  /** Rows of two numbers in turn, a = share·b: with an even number of columns the norm is exactly −1 and 1. */
  function twoValued(dtype: DType, cols: number, count: number): { x: Numbers; cols: number } {
    const uniform = uniforms(cols);
    const values = new Float64Array(count * cols);
    for (let r = 0; r < count; r++) {
      const b = 1 + 3 * uniform();
      const a = b * (1.3 * uniform() - 1);
      for (let i = 0; i < cols; i++) values[r * cols + i] = i & 1 ? b : a;
    }
    return { x: encode(dtype, values), cols };
  }

  it.each(["f32", "f64"] as const)("layerNorm %s: two values in turn", (dtype) => {
    let worst = { cols: 0, error: 0 };
    for (const length of lengths) {
      const { x, cols } = twoValued(dtype, length & ~1, 40);
      const y = layerNorm(x, { cols, eps: 0, engine });
      for (let i = 0; i < y.length; i++) {
        const error = Math.abs(y[i] - (i & 1 ? 1 : -1));
        if (!(error <= worst.error)) worst = { cols, error };
      }
    }
    expect(worst.error, `${worst.cols} columns`).toBeLessThanOrEqual(promise[dtype].norm);
  });

  it.each([
    [68, -1.0436320304870605, 3.670419692993164],
    [77, -1.478108525276184, 3.304307699203491],
    [78, -1.2295805215835571, 3.4333479404449463],
    [79, -0.9821274280548096, 3.3424623012542725],
  ])("layerNorm f32: %i columns of %f and %f, whose vectors are too few for runs", (cols, a, b) => {
    const x = Float32Array.from({ length: cols }, (_, i) => (i & 1 ? b : a));
    const expected = reference.layerNorm(x, { eps: 0 }).y;
    const y = layerNorm(x, { eps: 0, engine });
    for (let i = 0; i < cols; i++) {
      expect(Math.abs(y[i] - expected[i]) / Math.max(1, Math.abs(expected[i]))).toBeLessThanOrEqual(5e-7);
    }
  });

  it("layerNorm f32: rows of two groups", () => {
    const uniform = uniforms(9);
    let worst = { cols: 0, error: 0 };
    for (let n = 0; n < 300; n++) {
      const cols = 50 + Math.floor(uniform() * 1500);
      const [share, low] = [uniform(), 0.3 * uniform()];
      const values = Float64Array.from({ length: cols }, () => (uniform() < share ? 1 : low) * (1 + 0.01 * uniform()));
      const x = encode("f32", values);
      const y = layerNorm(x, { eps: 0, engine });
      const expected = reference.layerNorm(x, { eps: 0 }).y;
      for (let i = 0; i < cols; i++) {
        const error = Math.abs(y[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
        if (!(error <= worst.error)) worst = { cols, error };
      }
    }
    expect(worst.error, `${worst.cols} columns`).toBeLessThanOrEqual(5e-7);
  });

  it.each(["f32", "f64"] as const)("rmsNorm %s: constant rows, whose norm is 1", (dtype) => {
    let worst = { cols: 0, value: 0, error: 0 };
    for (const cols of lengths) {
      const uniform = uniforms(cols + 1);
      const rows = 150;
      const values = Array.from({ length: rows }, () => reference.roundTo(dtype, 1 + 3 * uniform()));
      const x = encode(
        dtype,
        Float64Array.from({ length: rows * cols }, (_, i) => values[Math.floor(i / cols)]),
      );
      const y = rmsNorm(x, { cols, eps: 0, engine });
      for (let r = 0; r < rows; r++) {
        const error = Math.abs(y[r * cols] - 1);
        if (!(error <= worst.error)) worst = { cols, value: values[r], error };
      }
    }
    expect(worst.error, `${worst.cols} columns of ${worst.value}`).toBeLessThanOrEqual(promise[dtype].rms);
  });

  it("moments and geometry f32: two values in turn", () => {
    let [mean, variance, direction, lengthsError] = [0, 0, 0, 0];
    for (const length of lengths) {
      const { x, cols } = twoValued("f32", length & ~1, 20);
      const m = moments(x as Float32Array, { cols, engine });
      const right = reference.moments(x, { cols });
      const g = geometry(x as Float32Array, { cols, engine });
      const where = reference.geometry(x, { cols });
      for (let r = 0; r < m.mean.length; r++) {
        mean = Math.max(mean, Math.abs(m.mean[r] - right.mean[r]) / right.rms[r]);
        variance = Math.max(variance, Math.abs(m.variance[r] / right.variance[r] - 1));
        direction = Math.max(direction, Math.abs(g.cosine[r] - where.cosine[r]), Math.abs(g.angle[r] - where.angle[r]));
        for (const name of ["norm", "uniform", "orthogonal"] as const) {
          lengthsError = Math.max(lengthsError, Math.abs(g[name][r] - where[name][r]) / where.norm[r]);
        }
      }
    }
    // as their docstrings promise
    expect.soft(mean).toBeLessThanOrEqual(5e-7);
    expect.soft(variance).toBeLessThanOrEqual(1e-6);
    expect.soft(direction).toBeLessThanOrEqual(5e-7);
    expect.soft(lengthsError).toBeLessThanOrEqual(5e-7);
  });
});

it.each(["f32", "f64", "bf16"] as const)("angle %s of denormal rows", (dtype) => {
  const s = dtype === "f64" ? 2 ** -1074 : dtype === "f32" ? 2 ** -149 : 2 ** -133;
  const diagonal = encode(dtype, [3 * s, 3 * s]);
  const axis = encode(dtype, [1, 0]);
  const tiny = encode(dtype, [5 * s, 0]);
  expect(angle(diagonal, axis, { dtype })[0]).toBeCloseTo(Math.PI / 4, 6);
  expect(angle(axis, diagonal, { dtype })[0]).toBeCloseTo(Math.PI / 4, 6);
  expect(angle(diagonal, tiny, { dtype })[0]).toBeCloseTo(Math.PI / 4, 6);
});

it.each([64, 768, 4096, 65536])(
  "rmsNorm f32 of one element 2^100 and others that become 2^-126 or little more, %i columns",
  (cols) => {
    const least = 2 ** -126;
    const x = encode(
      "f32",
      normals(cols, 0, 1, 5).map(
        (value) => (Math.sign(value) * (1.01 + Math.abs(value)) * least * 2 ** 100) / Math.sqrt(cols),
      ),
    );
    x[3] = 2 ** 100;
    const { y } = reference.rmsNorm(decode("f32", x), { cols, eps: 0 });
    expect(relativeError(rmsNorm(x, { eps: 0 }), y, least)).toBeLessThanOrEqual(boundOf("rmsNorm", "f32", cols));
  },
);

it.each([
  { mean: 300, sd: 1000, what: "settled by a second pass" },
  { mean: 500, sd: 2000, what: "scaled" },
  { mean: 2000, sd: 2000, what: "scaled and shifted" },
])("layerNorm f16 of rows whose squares sum to more than 2^32: $what", ({ mean, sd }) => {
  const x = encode("f16", normals(20 * 4096, mean, sd, 7));
  const { y } = reference.layerNorm(decode("f16", x), { cols: 4096 });
  expect(misroundings("f16", layerNorm(x, { cols: 4096, dtype: "f16" }) as Numbers, y)).toBe(0);
});

// A row's bits depend on nothing but the row

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
          same(`${what} alone`, dtype, op(one(x, r), { engine }), one(together, r));
          same(`${what} reversed`, dtype, one(reversed, rows - 1 - r), one(together, r));
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
      const direction = encode(wide(dtype), normals(cols, 0.3, 1, cols));
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
          same(
            `${name} ${cols} columns, row ${r}`,
            wide(dtype),
            alone[name],
            together[name].slice(r, r + 1) as Numbers,
          );
        }
        same("reject", dtype, reject(one, direction, options), rest.slice(r * cols, (r + 1) * cols) as Numbers);
      }
    }
    engine.dispose();
  });

  it.each([1, 3, 8, 33, 130, 513, 2047])("invertLayerNorm, %i columns: alone, in place, beyond cache", (cols) => {
    const rows = cols === 2047 ? Math.ceil((4.2 * 2 ** 20) / (cols * BYTES[dtype])) : 9;
    const engine = createEngine();
    const few = Math.min(rows, 9);
    const data = engine.tensor(dtype, [rows, cols]);
    for (let r = 0; r < rows; r += few) {
      const values = encode(dtype, rowsOf(dtype, Math.min(few, rows - r), cols, cols + (r % 5)));
      data.data.set(values as never, r * cols);
    }
    const x = data.toArray() as Numbers;
    const [mean, rstd] = [encode(wide(dtype), normals(rows)), encode(wide(dtype), normals(rows, 3, 0.1))];
    const weight = encode(wide(dtype), normals(cols, 1, 0.1, 3));
    const shared = { weight, bias: weight, dtype, engine };
    const out = invertLayerNorm(data, { ...shared, mean, rstd });
    same("z is left as it was", dtype, data.data as Numbers, x);
    same("of an array", dtype, invertLayerNorm(x, { ...shared, mean, rstd, cols }), out.data as Numbers);
    invertLayerNorm(data, { ...shared, mean, rstd, out: data });
    same("in place", dtype, data.data as Numbers, out.data as Numbers);
    for (const r of [0, 4, 8, rows - 1]) {
      const row = (array: Numbers) => array.slice(r * cols, (r + 1) * cols) as Numbers;
      const one = { mean: mean.slice(r, r + 1), rstd: rstd.slice(r, r + 1) };
      same(`row ${r} alone`, dtype, invertLayerNorm(row(x), { ...shared, ...one }), row(out.data as Numbers));
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
          same(`${name} ${rows}×${cols}`, dtype, fused, op(sum, shared) as Numbers);
          same(`${name} ${rows}×${cols} without sum`, dtype, op(x, { ...shared, residual }) as Numbers, fused);
          const s = stored(dtype, decode(dtype, x), decode(dtype, residual));
          same("sum", dtype, sum, encode(dtype, s));
        }
      }
    }
    engine.dispose();
  });

  /** More than 4 MiB of rows: out of place these take another path, which touches the output's lines first. */
  function large(cols: number): { x: Numbers; rows: number } {
    const rows = Math.ceil((4.2 * 2 ** 20) / (cols * BYTES[dtype]));
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
    const saved = () => engine.tensor(wide(dtype), [rows]);
    const weight = encode(wide(dtype), normals(cols, 1, 0.5, 3));
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
      same(`${name}: x is left as it was`, dtype, x.data as Numbers, data);
      run(x, nearRstd);
      same(name, dtype, out.data as Numbers, x.data as Numbers);
      if (norm) same(`${name}: rstd`, wide(dtype), farRstd.data as Numbers, nearRstd.data as Numbers);
      for (const r of [0, 4, 5, 18, rows - 2, rows - 1]) {
        const one = data.slice(r * cols, (r + 1) * cols) as Numbers;
        const options = norm ? { weight, bias: name === "layerNorm" ? weight : undefined } : {};
        const alone = ops[name](one, { ...options, engine });
        same(`${name}: row ${r} alone`, dtype, alone, out.data.slice(r * cols, (r + 1) * cols) as Numbers);
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
  same("standardized", "f32", one.standardized, standardized.data.slice(cols, 2 * cols) as Numbers);
  for (const [name, op] of Object.entries(norms)) {
    const sum = engine.tensor("f32", [rows, cols]);
    const fused = op(x, { residual, sum }) as Tensor;
    op(sum, { out: sum });
    same(name, "f32", fused.data as Numbers, sum.data as Numbers);
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

// What NaN and the infinities give

describe("NaN and infinity", () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const same = (dtype: DType, actual: Numbers, expected: number[]) =>
    expect([...decode(dtype, actual)]).toEqual(expected);

  it.each(dtypes)("layerNorm %s: NaN through the row, and no other", (dtype) => {
    for (const bad of [nan, infinity, -infinity]) {
      for (const rows of [1, 2, 3, 4, 5, 8]) {
        for (let r = 0; r < rows; r++) {
          const values = new Float64Array(3 * rows).map((_, i) => [-1, 0, 1][i % 3]);
          values[3 * r + 1] = bad;
          const mean = encode(wide(dtype), new Float64Array(rows));
          const rstd = mean.slice() as Numbers;
          const y = layerNorm(encode(dtype, values), { cols: 3, dtype, eps: 1 / 3, mean, rstd });
          const expected = [...values].map((_, i) => (Math.floor(i / 3) === r ? nan : [-1, 0, 1][i % 3]));
          same(dtype, y, expected);
          const perRow = (right: number) => Array.from({ length: rows }, (_, i) => (i === r ? nan : right));
          expect([...mean]).toEqual(perRow(0));
          expect([...rstd]).toEqual(perRow(1));
        }
      }
    }
  });

  it.each(dtypes)("rmsNorm %s: NaN through the row; infinity gives NaN where it stands and bias elsewhere", (dtype) => {
    const x = encode(dtype, [1, nan, 1, 1, infinity, 1, 1, 1, -infinity, 1, 1, 1]);
    const rstd = encode(wide(dtype), [7, 7, 7, 7]);
    same(dtype, rmsNorm(x, { cols: 3, dtype, eps: 0, rstd }), [nan, nan, nan, 0, nan, 0, 0, 0, nan, 1, 1, 1]);
    expect([...rstd]).toEqual([nan, 0, 0, 1]);
    const weight = encode(dtype, [2, 4, 8]);
    const bias = encode(dtype, [5, 6, 7]);
    same(dtype, rmsNorm(x, { cols: 3, dtype, eps: 0, weight, bias }), [nan, nan, nan, 5, nan, 7, 5, 6, nan, 7, 10, 15]);
  });

  it.each(dtypes)("rmsNorm %s: an infinity anywhere in a long row", (dtype) => {
    const cols = 1100;
    for (const at of [0, 3, 255, 256, 511, 600, 1023, 1024, 1087, 1088, 1099]) {
      const values = normals(cols, 0, 1, at);
      values[at] = infinity;
      const rstd = encode(wide(dtype), [7]);
      const y = decode(dtype, rmsNorm(encode(dtype, values), { dtype, rstd }) as Numbers);
      expect(rstd[0], `at ${at}`).toBe(0);
      expect(y.every((value, i) => (i === at ? Number.isNaN(value) : value === 0))).toBe(true);
    }
  });

  it.each(dtypes)(
    "invertLayerNorm %s: NaN where it stands; in mean or rstd through the row; an infinite rstd gives the mean",
    (dtype) => {
      const z = encode(dtype, [1, nan, infinity, 1, -1, 0, 2, 2, 2, 2, 2, 2, 2, 2, 0]);
      const mean = encode(wide(dtype), [2, 3, 4, nan, infinity]);
      const rstd = encode(wide(dtype), [1, infinity, nan, 1, 0.5]);
      const x = invertLayerNorm(z, { cols: 3, dtype, mean, rstd });
      same(dtype, x, [3, nan, infinity, 3, 3, 3, nan, nan, nan, nan, nan, nan, infinity, infinity, infinity]);
      // no deviation to be had of 1/0
      const zero = encode(wide(dtype), [0]);
      same(dtype, invertLayerNorm(encode(dtype, [1, 0, -1]), { dtype, mean: zero, rstd: zero }), [
        infinity,
        nan,
        -infinity,
      ]);
      // what an infinite rstd makes of what is no deviation at all
      const one = { mean: encode(wide(dtype), [1]), rstd: encode(wide(dtype), [infinity]) };
      same(dtype, invertLayerNorm(encode(dtype, [infinity, nan, 0]), { dtype, ...one }), [nan, nan, 1]);
    },
  );

  it.each(dtypes)("invertLayerNorm %s gives constant rows back exactly, at eps 0 too", (dtype) => {
    const values = encode(dtype, [0.1, 0, -3.3, 1e4, dtype === "f16" ? 6e-8 : 1e-40]);
    for (const cols of [1, 2, 7, 768]) {
      const all = Array.from({ length: 5 * cols }, (_, i) => decode(dtype, values)[Math.floor(i / cols)]);
      const rows = encode(dtype, all);
      const bias = encode(dtype, normals(cols, 0, 1, cols));
      const weight = encode(dtype, normals(cols, 1, 0.1, cols));
      for (const eps of [0, 1e-5]) {
        const [mean, rstd] = [encode(wide(dtype), normals(5)), encode(wide(dtype), normals(5))];
        const options = { cols, dtype, weight, bias, mean, rstd };
        const z = layerNorm(rows, { ...options, eps });
        if (eps === 0) expect([...rstd]).toEqual(Array(5).fill(infinity));
        same(dtype, invertLayerNorm(z, options), [...decode(dtype, rows)]);
      }
    }
  });

  it.each(dtypes)("the others, %s", (dtype) => {
    for (const bad of [nan, infinity, -infinity]) {
      const x = encode(dtype, [2, 2, 2, 2, 3, bad, 3, 3, -2, -2, -2, -2]);
      const options = { cols: 4, dtype };
      same(dtype, center(x, options), [0, 0, 0, 0, nan, nan, nan, nan, 0, 0, 0, 0]);
      same(dtype, meanVector(x, options), [2, 2, 2, 2, nan, nan, nan, nan, -2, -2, -2, -2]);
      const parts = decompose(x, options);
      for (const name of ["orthogonal", "unit", "standardized"] as const) {
        same(dtype, parts[name], [0, 0, 0, 0, nan, nan, nan, nan, 0, 0, 0, 0]);
      }
      const m = moments(x, options);
      expect([[...m.mean], [...m.variance], [...m.rms]]).toEqual([
        [2, nan, -2],
        [0, nan, 0],
        [2, nan, 2],
      ]);
      const g = geometry(x, options);
      expect([[...g.norm], [...g.uniform], [...g.orthogonal], [...g.cosine]]).toEqual([
        [4, nan, 4],
        [4, nan, -4],
        [0, nan, 0],
        [1, nan, -1],
      ]);
      expect(g.angle[0]).toBe(0);
      expect(g.angle[1]).toBeNaN();
      expect(g.angle[2]).toBeCloseTo(Math.PI, 6);
      const ones = encode(dtype, [1, 1, 1, 1]);
      expect(angle(x, ones, options)[1]).toBeNaN();
    }
  });
});

// Parameters of other element types

describe.each(dtypes)("%s: weight, bias and direction of other element types", (dtype) => {
  const kinds: readonly DType[] = [...new Set<DType>([dtype, "f32", "f64"])];

  it("arrays and Tensors give what the kernel's own type gives", () => {
    const engine = createEngine();
    for (const cols of [1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 33, 64, 129, 130]) {
      const rows = 5;
      const x = encode(dtype, rowsOf(dtype, rows, cols, cols + 1));
      for (const kind of kinds) {
        const weight = encode(kind, normals(cols, 1, 0.5, cols));
        const bias = encode(kind, normals(cols, 0, 0.5, cols + 1));
        const direction = encode(kind, normals(cols, 0.3, 1, cols + 2));
        const plain = (array: Numbers) => encode(wide(dtype), decode(kind, array));
        const options = { cols, dtype, engine };
        const norm = layerNorm(x, { ...options, weight: plain(weight), bias: plain(bias) });
        const rms = rmsNorm(x, { ...options, weight: plain(weight), weightOffset: 1 });
        const saved = { mean: encode(wide(dtype), normals(rows)), rstd: encode(wide(dtype), normals(rows, 3, 0.1)) };
        const inverse = invertLayerNorm(x, { ...options, ...saved, weight: plain(weight), bias: plain(bias) });
        const rest = reject(x, plain(direction), options);
        const between = angle(x, plain(direction), options);
        const as = {
          arrays: (array: Numbers) => array,
          Tensors: (array: Numbers) => engine.tensor(kind, cols, array),
          views: (array: Numbers) => {
            const { data } = engine.tensor(kind, cols + 3);
            const view = data.subarray(3) as Numbers;
            view.set(array as never);
            return view;
          },
        };
        // what stays: three Tensors at a time, in a memory that does not grow, so that views stay good
        for (const [name, of] of Object.entries(as)) {
          // a Uint16Array holds bits of x's own type only
          const what = `${kind} ${name}, ${cols} columns`;
          same(what, dtype, layerNorm(x, { ...options, weight: of(weight), bias: of(bias) }) as Numbers, norm);
          same(what, dtype, rmsNorm(x, { ...options, weight: of(weight), weightOffset: 1 }) as Numbers, rms);
          const affine = { weight: of(weight), bias: of(bias) };
          same(what, dtype, invertLayerNorm(x, { ...options, ...saved, ...affine }) as Numbers, inverse);
          same(what, dtype, reject(x, of(direction), options) as Numbers, rest);
          same(what, wide(dtype), angle(x, of(direction), options), between);
        }
      }
    }
    engine.dispose();
  });
});
