/** The engine, in the ways of calling it. */
import { layerNorm, rmsNorm } from "../../dist/index.js";
import { type Elements, isHalf, type Problem } from "../problem.js";
import type { Entry } from "./contestant.js";

/** Tensors in, a Tensor out: nothing is copied. */
export const resident: Entry = {
  name: "engine, resident",
  enter({ op, tensors: { x, y, weight, bias } }) {
    const run =
      op === "layerNorm"
        ? () => void layerNorm(x, { weight, bias, out: y })
        : () => void rmsNorm(x, { weight, out: y });
    return { run, answer: () => y.data as Elements };
  },
};

/** The relaxed variant, where the runtime has it and the op is another kernel there. */
export const relaxed: Entry = {
  name: "engine, resident, relaxed",
  where: (place, { op, dtype }) => place.relaxed !== undefined && op === "layerNorm" && dtype !== "f16",
  enter({ dtype, rows, cols, arrays, place: { relaxed: engine } }) {
    if (engine === undefined) throw new Error("this runtime has no relaxed SIMD");
    const x = engine.tensor(dtype, [rows, cols], arrays.x);
    const y = engine.tensor(dtype, [rows, cols]);
    const parameter = dtype === "f64" ? "f64" : "f32";
    const weight = engine.tensor(parameter, cols, arrays.weight);
    const bias = engine.tensor(parameter, cols, arrays.bias);
    const leave = () => {
      for (const one of [x, y, weight, bias]) one.dispose();
    };
    return { run: () => void layerNorm(x, { weight, bias, out: y }), answer: () => y.data as Elements, leave };
  },
};

/** The same with out = x. */
export const inPlace: Entry = {
  name: "engine, resident, in place",
  enter({ op, dtype, rows, cols, arrays, tensors: { weight, bias }, tensor }) {
    const x = tensor(dtype, [rows, cols], arrays.x);
    const run =
      op === "layerNorm"
        ? () => void layerNorm(x, { weight, bias, out: x })
        : () => void rmsNorm(x, { weight, out: x });
    const restore = () => (x.data as Elements).set(arrays.x);
    return { run, restore, answer: () => x.data as Elements };
  },
};

/** Typed arrays in, a typed array given for the result: two copies, nothing allocated. */
export const arraysOut: Entry = {
  name: "engine, arrays, out given",
  enter({ op, arrays: { x, y, weight, bias }, ...problem }) {
    const { dtype, engine } = common(problem);
    const run =
      op === "layerNorm"
        ? () => void layerNorm(x, { weight, bias, out: y, dtype, engine })
        : () => void rmsNorm(x, { weight, out: y, dtype, engine });
    return { run, answer: () => y };
  },
};

/** Typed arrays in, a new one out. */
export const arrays: Entry = {
  name: "engine, arrays, new result",
  enter({ op, arrays: { x, weight, bias }, ...problem }) {
    const { dtype, engine } = common(problem);
    let y = x;
    const run =
      op === "layerNorm"
        ? () => {
            y = layerNorm(x, { weight, bias, dtype, engine });
          }
        : () => {
            y = rmsNorm(x, { weight, dtype, engine });
          };
    return { run, answer: () => y };
  },
};

/** The kernel's export alone, on the tensors' addresses: what the engine's bindings add is the difference. */
export const kernel: Entry = {
  name: "engine's kernel alone",
  enter({ op, dtype, rows, cols, eps, place: { kernels }, tensors }) {
    const call = kernels[`${op}_${dtype}`];
    const x = tensors.x.data.byteOffset;
    const y = tensors.y.data.byteOffset;
    const weight = tensors.weight.data.byteOffset;
    const bias = tensors.bias.data.byteOffset;
    const run =
      op === "layerNorm"
        ? () => call(y, 0, 0, 0, x, 0, weight, bias, rows, cols, eps)
        : () => call(y, 0, 0, x, 0, weight, 0, rows, cols, 0, eps);
    return { run, answer: () => tensors.y.data as Elements };
  },
};

/** Options of a call with arrays: the engine that the others use, and what the bits of a Uint16Array are. */
function common({ dtype, place }: Pick<Problem, "dtype" | "place">) {
  return { dtype: isHalf(dtype) ? dtype : undefined, engine: place.engine };
}
