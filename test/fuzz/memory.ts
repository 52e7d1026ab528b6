// What engines, Tensors and views have to refuse, from the documentation.

import type { DType } from "orthonorm";
import { dtypes, isHalf, type Region, type TensorThing } from "./things.js";

export function engineFaults(options: unknown, memoryInUse: boolean): string[] {
  if (options === undefined) return [];
  if (typeof options !== "object" || options === null || Array.isArray(options)) return ["TypeError options"];
  const faults: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (!["variant", "memory", "maximumBytes"].includes(name)) return ["TypeError options"];
    if (value === undefined) continue;
    if (name === "variant" && !["auto", "simd", "relaxed"].includes(value)) faults.push("RangeError variant");
    if (name === "maximumBytes" && typeof value !== "number") faults.push("TypeError maximumBytes");
    else if (name === "maximumBytes" && !(value >= 65536)) faults.push("RangeError maximumBytes");
    if (name === "memory" && !(value instanceof WebAssembly.Memory)) faults.push("TypeError memory");
    else if (name === "memory" && (memoryInUse || !(value.buffer instanceof ArrayBuffer)))
      faults.push("RangeError memory");
  }
  return faults;
}

/** What is wrong with the dimensions of a shape; their numbers, if nothing is. */
function dimensionsOf(shape: unknown): number[] | string {
  const dims = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(dims) || dims.length === 0) return "TypeError shape";
  const right = dims.every((n, i) => Number.isSafeInteger(n) && n >= (i === dims.length - 1 ? 1 : 0));
  return right ? dims : "RangeError shape";
}

export function tensorFaults(dtype: unknown, shape: unknown, data: unknown): string[] {
  const faults: string[] = [];
  if (!dtypes.includes(dtype as DType)) faults.push("RangeError dtype");
  const dims = dimensionsOf(shape);
  if (typeof dims === "string") return [...faults, dims];
  if (data === undefined) return faults;
  const typed = ArrayBuffer.isView(data) && !(data instanceof DataView);
  if (
    typed ? /^Big/.test((data as never as { [Symbol.toStringTag]: string })[Symbol.toStringTag]) : !Array.isArray(data)
  )
    return [...faults, "TypeError data"];
  if (data instanceof Uint16Array && !isHalf(dtype)) faults.push("TypeError data");
  const array = data as ArrayLike<unknown>;
  if (array.length !== dims.reduce((a, b) => a * b, 1)) return [...faults, "RangeError data"];
  if (!Array.from(array).every((value) => typeof value === "number")) faults.push("TypeError data");
  return faults;
}

export function viewFaults(of: TensorThing, options: unknown): { faults: string[]; region?: Region } {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return { faults: ["TypeError options"] };
  if (!Object.keys(options).every((name) => ["shape", "rowStride", "offset"].includes(name)))
    return { faults: ["TypeError options"] };
  const { shape, rowStride, offset = 0 } = options as Record<string, unknown>;
  const faults: string[] = [];
  const dims = dimensionsOf(shape);
  if (typeof dims === "string") faults.push(dims);
  const cols = typeof dims === "string" ? 0 : dims[dims.length - 1];
  if (rowStride !== undefined && typeof rowStride !== "number") faults.push("TypeError rowStride");
  else if (
    rowStride !== undefined &&
    !(Number.isSafeInteger(rowStride) && (rowStride as number) >= cols && (rowStride as number) > 0)
  )
    faults.push("RangeError rowStride");
  if (typeof offset !== "number") faults.push("TypeError offset");
  else if (!Number.isSafeInteger(offset) || offset < 0) faults.push("RangeError offset");
  if (faults.length > 0) return { faults };
  const rows = (dims as number[]).slice(0, -1).reduce((a, b) => a * b, 1);
  const step = (rowStride as number | undefined) ?? cols;
  const { size, stride } = of.region;
  const region = { ...of.region, rows, cols, start: of.region.start + (offset as number) * size, stride: step * size };
  // every row must lie in one row of the Tensor, or in several that follow each other without a gap
  const gaps = of.rows > 1 && stride !== of.cols * size;
  const period = stride / size;
  const length = gaps ? (of.rows - 1) * period + of.cols : of.rows * of.cols;
  if ((offset as number) > length) return { faults: ["RangeError shape"] };
  for (let r = 0; r < rows; r++) {
    const start = (offset as number) + r * step;
    const end = start + cols;
    if (end > length || (gaps && (start % period) + cols > of.cols)) return { faults: ["RangeError shape"] };
  }
  return { faults, region };
}
