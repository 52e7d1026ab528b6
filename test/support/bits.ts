// A fixed sweep of every op × element type × shape × option on the simd variant, as digests of the results' bits. Inputs come
// from integers, additions and products alone: Math.sin and its like may differ from one JavaScript engine to the next.

import type * as Orthonorm from "orthonorm";
import { encode } from "./dtypes.js";
import { uniforms } from "./random.js";

type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
type DType = Orthonorm.DType;

const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];

/** Every tail, the lengths of models, and what lies beside them. */
const lengths = [
  ...Array.from({ length: 67 }, (_, i) => i + 1),
  ...[96, 100, 127, 128, 129, 130, 255, 256, 257, 300, 511, 512, 640, 767, 768, 769, 1000, 1023, 1024, 1025],
  ...[2047, 2048, 4096, 5000],
];

const extremes = {
  f32: { huge: 1e30, tiny: 1e-30, denormal: 1e-40 },
  f64: { huge: 1e300, tiny: 1e-300, denormal: 1e-310 },
  f16: { huge: 1e4, tiny: 1e-5, denormal: 1e-7 },
  bf16: { huge: 1e30, tiny: 1e-30, denormal: 1e-40 },
};

/** What a kernel treats differently from row to row. */
const kinds: readonly ((dtype: DType, x: Float64Array) => void)[] = [
  () => {},
  (_, x) => x.set(x.map((value) => value + 1e4)),
  (dtype, x) => x.set(x.map((value) => value * extremes[dtype].huge)),
  (_, x) => x.fill(x[0]),
  () => {},
  (dtype, x) => x.set(x.map((value) => value * extremes[dtype].tiny)),
  (_, x) => x.fill(Number.NaN, x.length >> 1, (x.length >> 1) + 1),
  (_, x) => x.set(x.map((value, i) => (i & 1 ? 3 : -1) + value / 1024)),
  (dtype, x) => x.set(x.map((value) => value * extremes[dtype].denormal)),
  (_, x) => x.fill(0),
  (_, x) => x.fill(Number.POSITIVE_INFINITY, 0, 1),
  () => {},
  (_, x) => x.fill(Number.NEGATIVE_INFINITY, x.length - 1),
];

/** Sums of four uniforms, much like normal deviates, with a standard deviation of 1.15. */
function deviates(n: number, seed: number): Float64Array {
  const uniform = uniforms(seed);
  return Float64Array.from({ length: n }, () => 2 * (uniform() + uniform() + uniform() + uniform() - 2));
}

/** Rows of all kinds; where they are long, three of them. */
function rowsOf(dtype: DType, cols: number, seed: number): Numbers {
  const rows = cols <= 130 ? kinds.length : 3;
  const x = deviates(rows * cols, seed);
  for (let r = 0; r < rows; r++)
    kinds[(r + (rows === 3 ? cols : 0)) % kinds.length](dtype, x.subarray(r * cols, (r + 1) * cols));
  return encode(dtype, x);
}

/** What a call gave, where its element type is not x's. */
interface Typed {
  readonly dtype: DType;
  readonly data: Numbers;
}

/** The calls of each op on one element type and length of rows; what each returns and writes. */
function* opCalls(
  o: typeof Orthonorm,
  dtype: DType,
  cols: number,
  whole: typeof Orthonorm,
): Generator<[op: string, ...results: unknown[]]> {
  const wide = dtype === "f64" ? "f64" : "f32";
  const seed = cols * 8;
  const x = rowsOf(dtype, cols, seed);
  const y = encode(dtype, deviates(x.length, seed + 1));
  const weight = encode(wide, deviates(cols, seed + 2));
  const bias = encode(wide, deviates(cols, seed + 3));
  const direction = encode(wide, deviates(cols, seed + 4));
  const rows = x.length / cols;
  const of = { cols, dtype };
  const fresh = () => new (x.constructor as Float32ArrayConstructor)(x.length) as Numbers;
  const perRow = (n = rows) => encode(wide, new Float64Array(n));

  const layer = (options: Parameters<typeof o.layerNorm>[1]) => o.layerNorm(x, { ...of, ...options });
  yield ["layerNorm", layer({}), layer({ eps: 0 }), layer({ weight }), layer({ bias, eps: 1e-12 })];
  yield ["layerNorm", layer({ residual: y }), layer({ residual: y, out: y.slice(), weight, bias })];
  const rms = (options: Parameters<typeof o.rmsNorm>[1]) => o.rmsNorm(x, { ...of, ...options });
  yield ["rmsNorm", rms({}), rms({ eps: 0 }), rms({ weight, weightOffset: 1 }), rms({ bias, eps: 1e-12 })];
  yield ["rmsNorm", rms({ residual: y }), rms({ residual: y, out: y.slice(), weight, bias, weightOffset: -0.5 })];
  {
    const [sum, mean, rstd, inPlace] = [fresh(), perRow(), perRow(), x.slice()];
    const z = layer({ residual: y, sum, mean, rstd, weight, bias });
    yield ["layerNorm", z, sum, mean, rstd];
    const back = { ...of, mean, rstd };
    yield ["invertLayerNorm", o.invertLayerNorm(z, { ...back, weight, bias }), o.invertLayerNorm(y, back)];
    yield ["layerNorm", o.layerNorm(inPlace, { ...of, weight, mean, rstd, out: inPlace }), mean, rstd];
    yield ["rmsNorm", rms({ residual: y, sum, rstd, weight, bias }), sum, rstd];
    const again = x.slice();
    yield ["rmsNorm", o.rmsNorm(again, { ...of, weight, rstd, out: again }), rstd];
  }

  const { mean, variance, rms: root } = o.moments(x, of);
  yield ["moments", mean, variance, root];
  yield ["center", o.center(x, of)];
  yield ["meanVector", o.meanVector(x, of)];
  const steps = o.decompose(x, of);
  yield ["decompose", steps.meanVector, steps.orthogonal, steps.unit, steps.standardized];
  const found = o.geometry(x, of);
  yield ["geometry", found.norm, found.uniform, found.orthogonal, found.cosine, found.angle];
  yield ["angle", o.angle(x, y, of), o.angle(x, encode(dtype, direction), of)];

  for (const op of ["project", "reject"] as const) {
    const coefficients = perRow();
    yield [op, o[op](x, direction, { ...of, coefficients }), coefficients];
  }
  for (const k of [1, 4, 7]) {
    const rows = encode(dtype, deviates(k * cols, seed + 7));
    yield ["linear", o.linear(x, rows, of), o.linear(x, rows, { ...of, bias: encode(wide, deviates(k, seed + 8)) })];
  }
  {
    const [linearWeight, linearBias] = [
      encode(dtype, deviates(3 * cols, seed + 9)),
      encode(wide, deviates(3, seed + 10)),
    ];
    const options = { ...of, weight, bias, residual: y, linearBias };
    yield ["layerNormLinear", o.layerNormLinear(x, linearWeight, options), o.layerNormLinear(x, linearWeight, of)];
    yield ["rmsNormLinear", o.rmsNormLinear(x, linearWeight, { ...options, weightOffset: 1 })];
  }
  for (const k of [2, 3, 5]) {
    if (cols < 2 * k) break;
    const directions = whole.orthonormalize(encode(wide, deviates(k * cols, seed + 5)), { cols });
    yield ["orthonormalize", directions, o.orthonormalize(encode(dtype, deviates(k * cols, seed + 6)), of)];
    for (const op of ["project", "reject"] as const) {
      const coefficients = perRow(k * rows);
      yield [op, o[op](x, directions, { ...of, coefficients }), coefficients];
    }
  }
}

/** Conversions between each two element types, and ops over rows that lie in memory with gaps between them. */
function* laterCalls(o: typeof Orthonorm, dtype: DType, cols: number): Generator<[key: string, ...results: unknown[]]> {
  const x = rowsOf(dtype, cols, cols * 8);
  yield ["convert", ...dtypes.map((to) => ({ dtype: to, data: o.convert(x, to, { dtype }) }))];

  const rows = x.length / cols;
  const rowStride = cols + 3;
  const spread = o.tensor(dtype, [rows, rowStride]);
  const view = spread.view({ shape: [rows, cols], rowStride });
  for (let r = 0; r < rows; r++) spread.data.set(x.subarray(r * cols, (r + 1) * cols), r * rowStride);
  const direction = encode(dtype === "f64" ? "f64" : "f32", deviates(cols, cols * 8 + 4));
  const tensors = [o.layerNorm(view), o.rmsNorm(view, { residual: view }), o.center(view), o.reject(view, direction)];
  const { variance } = o.moments(view);
  o.layerNorm(view, { weight: direction, out: view });
  const results = [...tensors, spread].map((tensor) => tensor.toArray());
  for (const tensor of [...tensors, view, spread]) tensor.dispose();
  yield ["views", ...results, variance];
}

/** Whole numbers of 8 bits: rows, and what `linear` makes of them. */
function* int8Calls(o: typeof Orthonorm, dtype: DType, cols: number): Generator<[key: string, ...results: unknown[]]> {
  if (dtype === "f64") return;
  const x = rowsOf(dtype, cols, cols * 8);
  const bias = encode("f32", deviates(5, cols * 8 + 3));
  for (const groupSize of [64, undefined]) {
    const of = groupSize === undefined ? { cols, dtype } : { cols, dtype, groupSize };
    const w = o.quantizeWeights(encode(dtype, deviates(5 * cols, cols * 8 + 9)), of);
    const rows = o.rmsNormQuantize(x, { cols, dtype });
    const y = o.linear(rows, w, { bias });
    const { values, scales } = w.toArrays();
    const f32 = (data: Numbers) => ({ dtype: "f32", data });
    const numbers = Float32Array.from([...values, ...rows.toArrays().values]);
    const results = [f32(numbers), f32(scales), f32(rows.toArrays().scales), f32(y.toArray())];
    yield ["int8", ...results, o.linear(x, w, { cols, dtype, bias })];
    for (const one of [w, rows, y]) one.dispose();
  }
}

/** A result's bytes, with one NaN for all: their payloads are the one thing that WebAssembly leaves open. */
function bytesOf(dtype: DType, result: Numbers): Uint8Array<ArrayBuffer> {
  const copy = result.slice();
  if (copy instanceof Uint16Array) {
    const infinity = dtype === "f16" ? 0x7c00 : 0x7f80;
    for (let i = 0; i < copy.length; i++) if ((copy[i] & 0x7fff) > infinity) copy[i] = 0x7fff;
  } else {
    const bytes = new Uint8Array(copy.buffer);
    const size = copy.BYTES_PER_ELEMENT;
    for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) bytes.fill(0xff, i * size, (i + 1) * size);
  }
  return new Uint8Array(copy.buffer);
}

/**
 * The digests of the sweep, by op (or what it is asked of) and element type: `layerNorm f32` and so on, the first 64 bits of SHA-256.
 * An entry for some element types has the digests of those; `whole` then has the kernels for what the sweep prepares in others.
 */
export async function digests(
  orthonorm: typeof Orthonorm,
  types: readonly DType[] = dtypes,
  whole = orthonorm,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const dtype of types) {
    const parts: Record<string, Uint8Array<ArrayBuffer>[]> = {};
    for (const cols of lengths) {
      for (const calls of [opCalls, laterCalls, int8Calls]) {
        for (const [key, ...results] of calls(orthonorm, dtype, cols, whole)) {
          parts[key] ??= [];
          for (const result of results as (Numbers | Typed)[]) {
            const typed = "dtype" in result ? result : { dtype, data: result };
            parts[key].push(bytesOf(typed.dtype, typed.data));
          }
        }
      }
    }
    for (const [key, some] of Object.entries(parts)) {
      const digest = await crypto.subtle.digest("SHA-256", await new Blob(some).arrayBuffer());
      const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
      found[`${key} ${dtype}`] = hex.slice(0, 16);
    }
  }
  return found;
}
