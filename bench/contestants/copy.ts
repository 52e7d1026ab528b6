/** The roofline: the same bytes read and written by v128 loads and stores, and nothing else done. */
import type { Elements } from "../problem.js";
import type { Entry } from "./contestant.js";

export const copy: Entry = {
  name: "v128 copy",
  enter({ place, tensors: { x, y } }) {
    const [to, from, bytes] = [y.data.byteOffset, x.data.byteOffset, x.data.byteLength];
    return { computes: "copy", run: () => place.copy(to, from, bytes), answer: () => y.data as Elements };
  },
};

export const copyInPlace: Entry = {
  name: "v128 copy, in place",
  enter({ place, dtype, rows, cols, arrays, tensor }) {
    const x = tensor(dtype, [rows, cols], arrays.x);
    const [at, bytes] = [x.data.byteOffset, x.data.byteLength];
    return { computes: "copy", run: () => place.copy(at, at, bytes), answer: () => x.data as Elements };
  },
};
