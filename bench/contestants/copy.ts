/** The roofline: the same bytes read and written by v128 loads and stores, and nothing else done. */
import { type Elements, ops } from "../ops.js";
import type { Contestant } from "./contestant.js";

export const copy: Contestant = {
  name: "v128 copy",
  setup({ environment, tensors: { x, y } }) {
    const [to, from, bytes] = [y.data.byteOffset, x.data.byteOffset, x.data.byteLength];
    return {
      computes: "copy",
      run: () => environment.copy(to, from, bytes),
      answer: () => ({ y: y.data as Elements }),
    };
  },
};

export const copyInPlace: Contestant = {
  name: "v128 copy, in place",
  where: (_, { op }) => ops[op].inPlace,
  setup({ environment, dtype, rows, cols, arrays, tensor }) {
    const x = tensor(dtype, [rows, cols], arrays.x);
    const [at, bytes] = [x.data.byteOffset, x.data.byteLength];
    return { computes: "copy", run: () => environment.copy(at, at, bytes), answer: () => ({ y: x.data as Elements }) };
  },
};
