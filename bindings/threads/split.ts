import type { Export, Op, OperandSpec } from "../call/op.js";
import { BYTES, type DType, wideOf } from "../memory/dtype.js";
import { MOST_PIECES } from "./job.js";

// What the pieces of a call are: which kernels' rows can be computed apart, what each argument is for the rows from some row on, and how
// many rows a piece has. The table of ops says it: an operand of [rows, cols] rises by its stride, numbers per row by one or k of
// them, and what serves all rows stays where it is.

/** How a pointer rises from a row to the next. */
export interface Rise {
  /** Bytes: of one element of a row, of a number per row, or of one of k such. 0 for what serves all rows. */
  readonly bytes: number;
  readonly times: "cols" | "one" | "k";
  /** Which of the call's strides is its own; -1 for none. */
  readonly stride: number;
}

type Operand = Pick<OperandSpec, "role" | "shape" | "stride" | "dtype">;

/** `convert` has a kernel for each element type that it converts to, and these have no entries of their own in the table. */
const convertsTo: Readonly<Record<string, DType>> = { toF32: "f32", toF64: "f64", toF16: "f16", toBF16: "bf16" };
const converted: readonly Operand[] = [
  { role: "out", shape: "rows cols", stride: 0, dtype: "to" },
  { role: "in", shape: "rows cols", stride: 1, dtype: "same" },
];

/** How each pointer of a kernel rises; undefined where rows depend on each other, or a piece would need memory of its own. */
export function risesOf(of: Export, dtype: DType): Rise[] | undefined {
  const to = convertsTo[of.kernel] ?? dtype;
  const operands = operandsOf(of);
  // invertLayerNorm's columns may be shared: every thread writes the same numbers there
  if (operands?.some(({ role, shape }) => role === "workspace" && shape !== "columns") !== false) return undefined;
  return operands.map(({ shape, dtype: wanted, stride }): Rise => {
    const bytes = BYTES[wanted === "same" ? dtype : wanted === "to" ? to : wideOf(dtype)];
    if (shape === "rows cols") return { bytes, times: "cols", stride };
    if (shape === "rows k") return { bytes, times: "k", stride };
    return { bytes: shape === "rows" ? bytes : 0, times: "one", stride };
  });
}

function operandsOf(of: Export): readonly Operand[] | undefined {
  if (of.kernel in convertsTo) return converted;
  return "operands" in of ? Object.values((of as Op).operands) : undefined;
}

/** The bytes of x in a piece, at most and at least. layerNorm takes some 20 µs for 256 KiB of f32. */
const PIECE = 1 << 18;
const LEAST_PIECE = 1 << 16;
/** Between these, so many pieces for each thread: the last to be done is late by one piece. */
const PER_THREAD = 4;

/** How many rows a piece has, `least` at least. */
export function rowsPerPiece(rows: number, rowBytes: number, threads: number, least: number): number {
  const even = (rows * rowBytes) / (threads * PER_THREAD);
  const wanted = Math.max(LEAST_PIECE, Math.min(PIECE, even)) / rowBytes;
  const each = Math.ceil(Math.max(wanted, least, rows / MOST_PIECES));
  // whole blocks, of up to 16 rows, or at least the two rows that share the loads of weight and bias
  return each > 16 ? Math.ceil(each / 16) * 16 : Math.ceil(each / 2) * 2;
}
