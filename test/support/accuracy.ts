import {
  createEngine,
  type DType,
  type EngineOptions,
  invertLayerNorm,
  layerNorm,
  rmsNorm,
} from "../../bindings/index.js";
import * as reference from "../../bindings/reference/index.js";
import { decode, encode } from "./dtypes.js";
import { misroundings, relativeError, scaledError } from "./error.js";
import { inputs } from "./inputs.js";
import { normals } from "./random.js";

/** How far an op is from the oracle on one input. */
export interface Accuracy {
  op: "layerNorm" | "rmsNorm";
  dtype: DType;
  input: string;
  eps: number;
  /** LayerNorm: max |Δy| / max(1, |y|). RMSNorm: max |Δy| / |y|. Halves: the number of wrong roundings. */
  error: number;
  /** What the contract allows. */
  bound: number;
}

/** What the contract promises at so many columns (docs/numerics.md). */
export function boundOf(op: Accuracy["op"], dtype: DType, cols: number): number {
  if (dtype === "f16" || dtype === "bf16") return 0;
  if (dtype === "f64") return 1e-15;
  if (op === "rmsNorm") return cols <= 4096 ? 3e-7 : 2e-6;
  return cols <= 4096 ? 5e-7 : 2e-6;
}

/** A variant against the oracle on every input that the element type can hold, with and without eps. */
export function accuracy(
  dtype: DType,
  rows: number,
  cols: number,
  variant: EngineOptions["variant"] = "simd",
): Accuracy[] {
  const engine = createEngine({ variant });
  const found: Accuracy[] = [];
  for (const input of inputs) {
    if (!input.dtypes.includes(dtype)) continue;
    const x = encode(dtype, input.make(rows, cols));
    const exact = decode(dtype, x);
    for (const op of ["layerNorm", "rmsNorm"] as const) {
      for (const eps of [1e-5, 0]) {
        const layer = op === "layerNorm";
        const y = layer ? layerNorm(x, { cols, eps, dtype, engine }) : rmsNorm(x, { cols, eps, dtype, engine });
        const expected = (layer ? reference.layerNorm(exact, { cols, eps }) : reference.rmsNorm(exact, { cols, eps }))
          .y;
        let error: number;
        if (dtype === "f16" || dtype === "bf16") error = misroundings(dtype, y, expected);
        else if (layer) error = scaledError(y, expected);
        else error = relativeError(y, expected, dtype === "f64" ? 2 ** -1022 : 2 ** -126);
        found.push({ op, dtype, input: input.name, eps, error, bound: boundOf(op, dtype, cols) });
      }
    }
  }
  engine.dispose();
  return found;
}

/** How far invertLayerNorm is from the oracle, and how far it is from the x that layerNorm was given. */
export interface Inversion {
  dtype: DType;
  input: string;
  eps: number;
  /** f64: max |Δx| / max(|x|, |x − mean|). The others: the number of values that are not the f64 result rounded. */
  error: number;
  /** max |x' − x| / max(|x|, RMS of the row), without weight and bias. */
  roundTrip: number;
  /** Does a row's rstd lie beyond its element type? Then its mean is all that comes back. */
  lost: boolean;
}

/** What is promised of the two (docs/numerics.md). */
export const inversionBounds: Record<DType, { error: number; roundTrip: number }> = {
  f32: { error: 0, roundTrip: 5e-7 },
  f64: { error: 1e-15, roundTrip: 2e-15 },
  f16: { error: 0, roundTrip: 1.5e-3 },
  bf16: { error: 0, roundTrip: 1.2e-2 },
};

/** invertLayerNorm on what layerNorm makes of every input: against the oracle with weight and bias, and back to x. */
export function inversions(dtype: DType, rows: number, cols: number): Inversion[] {
  const engine = createEngine();
  const wide = dtype === "f64" ? "f64" : "f32";
  const weight = encode(wide, normals(cols, 1, 0.5, 3));
  const bias = encode(wide, normals(cols, 0, 0.5, 4));
  const mean = encode(wide, new Float64Array(rows));
  const rstd = encode(wide, new Float64Array(rows));
  const found: Inversion[] = [];
  for (const input of inputs) {
    if (!input.dtypes.includes(dtype)) continue;
    const x = encode(dtype, input.make(rows, cols));
    const exact = decode(dtype, x);
    const { rms } = reference.moments(exact, { cols });
    for (const eps of [1e-5, 0]) {
      const plain = { cols, dtype, engine, mean, rstd };
      const affine = { ...plain, weight, bias };
      const z = layerNorm(x, { ...affine, eps });
      const expected = reference.invertLayerNorm(decode(dtype, z), { cols, mean, rstd, weight, bias });
      const sizes = expected.map((value, i) => Math.max(Math.abs(value), Math.abs(value - mean[Math.floor(i / cols)])));
      const result = decode(dtype, invertLayerNorm(z, affine));
      const back = decode(dtype, invertLayerNorm(layerNorm(x, { ...plain, eps }), plain));
      let error = 0;
      let roundTrip = 0;
      for (let i = 0; i < exact.length; i++) {
        if (dtype === "f64") error = Math.max(error, share(result[i] - expected[i], sizes[i]));
        else if (!isRounded(dtype, result[i], expected[i], 1e-15 * sizes[i])) error++;
        const size = Math.max(Math.abs(exact[i]), rms[Math.floor(i / cols)]);
        roundTrip = Math.max(roundTrip, share(back[i] - exact[i], size));
      }
      const lost =
        rstd.includes(Number.POSITIVE_INFINITY) && !exact.every((value, i) => value === exact[i - (i % cols)]);
      found.push({ dtype, input: input.name, eps, error, roundTrip, lost });
    }
  }
  engine.dispose();
  return found;
}

/** |difference|/size, where 0/0 is 0 and NaN counts as infinite. */
function share(difference: number, size: number): number {
  if (difference === 0) return 0;
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.abs(difference) / size;
}

/** Is it an f64 result rounded, which may be off by `slack`, and for halves by 1e-6 of itself? */
function isRounded(dtype: DType, value: number, expected: number, slack: number): boolean {
  const off = slack + (dtype === "f32" ? 0 : 1e-6 * Math.abs(expected));
  return (
    value === reference.roundTo(dtype, expected) ||
    (value >= reference.roundTo(dtype, expected - off) && value <= reference.roundTo(dtype, expected + off))
  );
}
