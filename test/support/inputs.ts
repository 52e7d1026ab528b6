import type { DType } from "../../bindings/index.js";
import { normals } from "./random.js";

/** The inputs that the numeric contract is measured on: rows that are known to break kernels. */
export interface Input {
  readonly name: string;
  /** Element types that can hold it. */
  readonly dtypes: readonly DType[];
  /** rows × cols numbers. */
  make(rows: number, cols: number): Float64Array;
}

const ALL: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const WIDE: readonly DType[] = ["f32", "f64", "bf16"];

const scaled = (factor: number, seed: number) => (rows: number, cols: number) =>
  normals(rows * cols, 0, 1, seed).map((x) => x * factor);

export const inputs: readonly Input[] = [
  { name: "N(0, 1)", dtypes: ALL, make: (rows, cols) => normals(rows * cols, 0, 1, 11) },
  { name: "N(1, 1)", dtypes: ALL, make: (rows, cols) => normals(rows * cols, 1, 1, 12) },
  { name: "N(10, 1)", dtypes: ALL, make: (rows, cols) => normals(rows * cols, 10, 1, 13) },
  { name: "N(1e4, 1)", dtypes: ALL, make: (rows, cols) => normals(rows * cols, 1e4, 1, 14) },
  { name: "N(1e6, 1)", dtypes: WIDE, make: (rows, cols) => normals(rows * cols, 1e6, 1, 15) },
  {
    name: "constant rows",
    dtypes: ALL,
    make: (rows, cols) => Float64Array.from({ length: rows * cols }, (_, i) => 1.1 * (1 + Math.floor(i / cols))),
  },
  { name: "zeros", dtypes: ALL, make: (rows, cols) => new Float64Array(rows * cols) },
  { name: "scale 1e30", dtypes: WIDE, make: scaled(1e30, 16) },
  { name: "scale 1e-30", dtypes: WIDE, make: scaled(1e-30, 17) },
  { name: "denormals (f32)", dtypes: ["f32", "bf16"], make: scaled(1e-40, 18) },
  { name: "denormals (f64)", dtypes: ["f64"], make: scaled(1e-310, 18) },
  { name: "denormals (f16)", dtypes: ["f16"], make: scaled(1e-6, 18) },
  {
    name: "an outlier of 1e6",
    dtypes: WIDE,
    make: (rows, cols) => normals(rows * cols, 0, 1, 19).map((x, i) => (i % cols === cols >> 1 ? 1e6 : x)),
  },
  {
    name: "an outlier of 6e4",
    dtypes: ["f16"],
    make: (rows, cols) => normals(rows * cols, 0, 1, 19).map((x, i) => (i % cols === cols >> 1 ? 6e4 : x)),
  },
];
