import { createEngine, type DType, layerNorm, rmsNorm, type Variant } from "../../bindings/index.js";
import * as reference from "../../bindings/reference/index.js";
import { decode, encode } from "./dtypes.js";
import { misroundings, relativeError, scaledError } from "./error.js";
import { inputs } from "./inputs.js";

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
export function accuracy(dtype: DType, rows: number, cols: number, variant: Variant = "simd"): Accuracy[] {
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
