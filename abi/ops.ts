// The one table of ops. From it come, by scripts/build-wasm.ts, the exports of the WebAssembly modules (assembly/exports),
// the typed signatures of the kernels and what the bindings know of each op at run time (bindings/wasm/ops.ts); and, read as it
// stands, the lists of ops in tests and benches. A new op is an entry here, a kernel, an op file, an oracle, a test, a page.
//
// The kernel of an op is a generic function of its name, over L, the lanes of x's element type, and P, those of its
// parameters (f64 for f64, else f32). It takes, in this order,
//
//   a pointer per operand, 0 for one that is absent;
//   strides: 0, or where the distances in bytes between the rows of each operand of [rows, cols] lie, an i32 per operand in
//            the order of the operands. 0 means that the rows of every one of them follow each other without a gap;
//   a number per size: rows, cols, and what else the op has;
//   a number per scalar.
//
// What a kernel takes on trust, for it checks nothing and never throws:
//
//   - Every pointer is aligned to its elements, and to no more: rows with gaps start anywhere.
//   - An output is one of its `aliases`, with the same stride, or shares no byte with any other operand. A kernel reads an element
//     before it writes it. No two outputs share a byte, but sum and out, which may be x and residual each.
//   - A stride is a multiple of the element's size and at least the bytes of a row. What lies between rows is neither read
//     into results nor written. Outputs in `returns` of [rows, cols] have no gaps.
//   - rows ≥ 0 and cols ≥ 1, and all operands end within memory.
//   - The instance's scratch, 2 KiB from the imported global env.scratch on, aligned to 64 bytes, is no operand's and no other
//     instance's. One call at a time runs on an instance.

import type { OperandSpec, Shape } from "../bindings/call/op.js";
import type { DType } from "../bindings/memory/dtype.js";

/** Every element type. */
export const dtypes = ["f32", "f64", "f16", "bf16"] as const satisfies readonly DType[];

type Operand = Omit<OperandSpec, "name" | "stride">;
export type Scalar = "i32" | "f64";

/** What the table says of an op. */
export interface Entry {
  /** The module that has the kernel. */
  readonly family: string;
  /** The file of assembly/ that exports it. */
  readonly source: string;
  /** What it exports. Default: the op's name. */
  readonly kernels?: readonly string[];
  /** Options that the kernel does not take. */
  readonly settings?: readonly string[];
  /** Other families whose kernels the op calls beside its own, or in place of any. */
  readonly uses?: readonly string[];
  /** By the names they have in the signature and, where the user gives them, among the arguments or options. */
  readonly operands: Readonly<Record<string, Operand>>;
  /** The arguments that are no options, in order; the first is x. */
  readonly arguments: readonly string[];
  /** Does the op have outputs that it always makes, and returns by name? Then they are no options. */
  readonly returns?: readonly string[];
  /** Sizes beside rows and cols. */
  readonly sizes?: readonly string[];
  /** Numbers that the user may give as options … */
  readonly scalars?: Readonly<Record<string, Scalar>>;
  /** … and numbers that the op gives. */
  readonly internal?: Readonly<Record<string, Scalar>>;
  /** What the kernel returns. Default: nothing. */
  readonly result?: Scalar;
  /** The element types for which relaxed SIMD makes the kernel faster (docs/performance.md). Default: none. */
  readonly relaxed?: readonly DType[];
}

const input = (shape: Shape, dtype: Operand["dtype"] = "same"): Operand => ({ role: "in", shape, dtype, aliases: [] });
const output = (shape: Shape, dtype: Operand["dtype"], ...aliases: string[]): Operand => ({
  role: "out",
  shape,
  dtype,
  aliases,
});
const workspace = (shape: Shape, dtype: Operand["dtype"]): Operand => ({
  role: "workspace",
  shape,
  dtype,
  aliases: [],
});

const x = input("rows cols");
const perRow = output("rows", "wide");
const parameter = input("cols", "parameter");

const projection = {
  family: "project",
  source: "project/project",
  arguments: ["x", "direction"],
  operands: {
    out: output("rows cols", "same", "x"),
    coefficients: output("rows k", "wide"),
    x,
    direction: input("k cols", "parameter"),
  },
  sizes: ["k"],
  // the direction comes times 2^exponent; several must be orthonormal to within tolerance
  internal: { exponent: "i32", tolerance: "f64" },
  // 0, or why nothing was written: how far from orthonormal the directions are, or -1 where the one has no direction
  result: "f64",
} as const satisfies Entry;

/** A norm whose rows go into `linear` block by block: it has no kernel of its own, but calls those of both. */
const fused = {
  family: "linear",
  source: "linear/normlinear",
  kernels: [],
  uses: ["norm"],
  arguments: ["x", "linearWeight"],
  operands: {
    out: output("rows k", "same"),
    // a block of normalised rows. These four have the strides of the norms' first operands: out, sum, x, residual
    normalized: workspace("rows cols", "same"),
    sum: output("rows cols", "same", "x", "residual"),
    x,
    residual: x,
    weight: parameter,
    bias: parameter,
  },
} as const satisfies Entry;

/** A norm whose rows become whole numbers of 8 bits, block by block. */
const quantized = {
  family: "int8",
  source: "int8/quantize",
  kernels: [],
  uses: ["norm"],
  arguments: ["x"],
  operands: {
    // as in `fused`
    normalized: workspace("rows cols", "same"),
    sum: output("rows cols", "same", "x", "residual"),
    x,
    residual: x,
    weight: parameter,
    bias: parameter,
  },
  settings: ["out"],
} as const satisfies Entry;

/** The operands of `linear`, beside a norm's of the same names. */
const linearAfter = {
  linearWeight: input("k cols", "weight"),
  linearBias: input("k", "parameter"),
  arranged: workspace("block", "wide"),
} as const;

export const ops = {
  layerNorm: {
    family: "norm",
    source: "norm/layernorm",
    arguments: ["x"],
    operands: {
      out: output("rows cols", "same", "x", "residual"),
      sum: output("rows cols", "same", "x", "residual"),
      mean: perRow,
      rstd: perRow,
      x,
      residual: x,
      weight: parameter,
      bias: parameter,
    },
    scalars: { eps: "f64" },
    relaxed: ["f32", "f64", "bf16"],
  },
  rmsNorm: {
    family: "norm",
    source: "norm/rmsnorm",
    arguments: ["x"],
    operands: {
      out: output("rows cols", "same", "x", "residual"),
      sum: output("rows cols", "same", "x", "residual"),
      rstd: perRow,
      x,
      residual: x,
      weight: parameter,
      bias: parameter,
    },
    scalars: { weightOffset: "f64", eps: "f64" },
  },
  moments: {
    family: "geometry",
    source: "geometry/moments",
    arguments: ["x"],
    operands: { mean: perRow, variance: perRow, rms: perRow, x },
    returns: ["mean", "variance", "rms"],
  },
  center: {
    family: "center",
    source: "geometry/center",
    arguments: ["x"],
    operands: { out: output("rows cols", "same", "x"), x },
  },
  meanVector: {
    family: "center",
    source: "geometry/center",
    arguments: ["x"],
    operands: { out: output("rows cols", "same", "x"), x },
  },
  decompose: {
    family: "center",
    source: "geometry/center",
    arguments: ["x"],
    operands: {
      meanVector: output("rows cols", "same"),
      orthogonal: output("rows cols", "same"),
      unit: output("rows cols", "same"),
      standardized: output("rows cols", "same"),
      x,
    },
    returns: ["meanVector", "orthogonal", "unit", "standardized"],
  },
  geometry: {
    family: "geometry",
    source: "geometry/geometry",
    arguments: ["x"],
    operands: { norm: perRow, uniform: perRow, orthogonal: perRow, cosine: perRow, angle: perRow, x },
    returns: ["norm", "uniform", "orthogonal", "cosine", "angle"],
  },
  angle: {
    family: "geometry",
    source: "geometry/angle",
    arguments: ["x", "y"],
    // y's stride is 0 where it is one row for all of x's
    operands: { angle: perRow, x, y: input("rows cols", "parameter") },
    returns: ["angle"],
  },
  project: projection,
  reject: projection,
  orthonormalize: {
    family: "project",
    source: "project/orthonormalize",
    arguments: ["vectors"],
    operands: {
      out: output("rows cols", "same"),
      work: workspace("rows cols", "f64"),
      vectors: x,
    },
    returns: ["out"],
    internal: { tolerance: "f64" },
    // the first row that lies in the span of those before it, to within tolerance, where out was not written; or -1
    result: "i32",
  },
  invertLayerNorm: {
    family: "invert",
    source: "invert/invert",
    arguments: ["z"],
    operands: {
      out: output("rows cols", "same", "z"),
      mean: input("rows", "wide"),
      rstd: input("rows", "wide"),
      z: x,
      weight: parameter,
      bias: parameter,
      // 1/weight and bias in f64, two numbers per column
      columns: workspace("columns", "f64"),
    },
    // the first column whose weight is 0, where nothing was written; or -1
    result: "i32",
  },
  linear: {
    family: "linear",
    source: "linear/linear",
    // the weights' element type is in the name
    kernels: ["linearF32", "linearF64", "linearF16", "linearBF16"],
    arguments: ["x", "weight"],
    operands: {
      out: output("rows k", "same"),
      x,
      weight: input("k cols", "weight"),
      bias: input("k", "parameter"),
      // some rows of x as lanes, side by side
      arranged: workspace("block", "wide"),
    },
    // how many rows are arranged at a time
    sizes: ["k", "block"],
    relaxed: ["f32", "f64", "bf16"],
  },
  layerNormLinear: {
    ...fused,
    operands: { ...fused.operands, ...linearAfter },
    scalars: { eps: "f64" },
  },
  rmsNormLinear: {
    ...fused,
    operands: { ...fused.operands, ...linearAfter },
    scalars: { weightOffset: "f64", eps: "f64" },
  },
  convert: {
    family: "convert",
    source: "convert/convert",
    // x's element type is the kernel's, and the one that it becomes is in its name
    kernels: ["toF32", "toF64", "toF16", "toBF16"],
    arguments: ["x", "to"],
    operands: { out: output("rows cols", "to"), x },
  },
} as const satisfies Record<string, Entry>;

export type OpName = keyof typeof ops;

/** What makes and takes whole numbers of 8 bits with their scales, for which there is no array: `Quantized` in the bindings. */
export const int8Ops = {
  quantizeWeights: {
    family: "int8",
    source: "int8/quantize",
    kernels: ["quantize"],
    arguments: ["weight"],
    // rows of whole eights of bytes, and an f32 per group
    operands: { values: workspace("int8", "same"), scales: workspace("int8", "wide"), weight: x },
    sizes: ["group"],
    settings: ["bits", "groupSize"],
  },
  layerNormQuantize: { ...quantized, scalars: { eps: "f64" } },
  rmsNormQuantize: { ...quantized, scalars: { weightOffset: "f64", eps: "f64" } },
  linearInt8: {
    family: "int8",
    source: "int8/linear",
    arguments: ["x"],
    operands: {
      out: output("rows k", "same"),
      x,
      // of rows that `quantize` made, else 0
      xScales: workspace("int8", "wide"),
      weight: workspace("int8", "same"),
      scales: workspace("int8", "wide"),
      bias: input("k", "parameter"),
      // some rows of x as 16 bits, side by side, and their scales
      arranged: workspace("block", "wide"),
    },
    sizes: ["k", "block", "group"],
  },
} as const satisfies Record<string, Entry>;
