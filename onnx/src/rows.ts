/** A norm's input as rows: the elements that are normalised together, one after another. */
import type { Tensor } from "onnxruntime-common";
import { expected } from "./error.js";
import type { FoundNorm } from "./norm.js";
import { elementTypes, sizeOf } from "./tensor.js";

export interface Rows {
  dtype: string;
  /** All but the last are rows. */
  shape: number[];
  bytes: Uint8Array;
}

export function bytesOfTensor({ data }: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @throws OnnxError where the tensor has not the norm's axis, or is of no float type */
export function rowsOf(file: string, norm: FoundNorm, tensor: Tensor): Rows {
  const type = elementTypes.find(({ runtime }) => runtime === tensor.type);
  const { dims } = tensor;
  const first = norm.axis < 0 ? dims.length + norm.axis : norm.axis;
  const wrong = (what: string) => expected(`${file}: ${norm.name}`, what, `${tensor.type} [${dims.join(", ")}]`);
  if (type === undefined || !["F32", "F64", "F16"].includes(type.dtype)) throw wrong("an input of floats");
  if (first < 0 || first >= dims.length) throw wrong(`an input with axis ${norm.axis}`);
  const bytes = bytesOfTensor(tensor);
  if (norm.throughLast || first === dims.length - 1) {
    const last = sizeOf(dims.slice(first));
    // A gated norm has several groups of its weight's length in a row.
    const cols = norm.cols !== null && norm.cols < last && last % norm.cols === 0 ? norm.cols : last;
    const groups = last / cols === 1 ? [] : [last / cols];
    return { dtype: type.dtype, shape: [...dims.slice(0, first), ...groups, cols], bytes };
  }
  const shape = [...dims.slice(0, first), ...dims.slice(first + 1), dims[first]];
  const moved = axisToEnd(bytes, type.bytes, sizeOf(dims.slice(0, first)), dims[first], sizeOf(dims.slice(first + 1)));
  return { dtype: type.dtype, shape, bytes: moved };
}

/** [outer, cols, inner] as [outer, inner, cols]. */
function axisToEnd(bytes: Uint8Array, size: number, outer: number, cols: number, inner: number): Uint8Array {
  const moved = new Uint8Array(bytes.length);
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < cols; c++) {
      for (let i = 0; i < inner; i++) {
        const from = ((o * cols + c) * inner + i) * size;
        moved.set(bytes.subarray(from, from + size), ((o * inner + i) * cols + c) * size);
      }
    }
  }
  return moved;
}
