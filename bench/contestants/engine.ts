/** The engine, in the ways of calling it. */
import { ops as table } from "../../abi/ops.js";
import type { DType } from "../../dist/index.js";
import { type ArrayOptions, type Description, type Elements, type OpName, ops } from "../ops.js";
import { addresses, isHalf, type Problem, tensorsOf } from "../problem.js";
import type { Answer, Contestant } from "./contestant.js";

/** Tensors in, a Tensor out, which copies nothing; or Tensors in and numbers per row out. */
export const resident: Contestant = {
  name: "engine, resident",
  setup({ description, environment, tensors }) {
    const call = description.resident(environment.package, tensors);
    if (likeX(description)) return { run: call, answer: () => ({ y: tensors.y.data as Elements }) };
    return keeping(call, (result) => result as Answer);
  },
};

/** The relaxed variant, where the runtime has it and the op is another kernel there. */
export const relaxed: Contestant = {
  name: "engine, resident, relaxed",
  where: ({ relaxed }, { op, dtype }) => relaxed !== undefined && hasRelaxed(op, dtype),
  setup(problem) {
    const { description, environment, arrays } = problem;
    const engine = environment.relaxed;
    if (engine === undefined) throw new Error("this runtime has no relaxed SIMD");
    const tensors = tensorsOf(description, problem, arrays, (...args) => engine.tensor(...args));
    return {
      run: description.resident(environment.package, tensors),
      answer: () => ({ y: tensors.y.data as Elements }),
      teardown() {
        for (const one of Object.values(tensors)) one.dispose();
      },
    };
  },
};

/** The same with out = x. */
export const inPlace: Contestant = {
  name: "engine, resident, in place",
  where: (_, { op }) => ops[op].inPlace,
  setup({ description, environment, dtype, rows, cols, arrays, tensors, tensor }) {
    const x = tensor(dtype, [rows, cols], arrays.x);
    return {
      run: description.resident(environment.package, { ...tensors, x, y: x }),
      restore: () => (x.data as Elements).set(arrays.x),
      answer: () => ({ y: x.data as Elements }),
    };
  },
};

/** Typed arrays in, a typed array given for the result: two copies, nothing allocated. */
export const arraysOut: Contestant = {
  name: "engine, arrays, out given",
  where: (_, { op }) => likeX(ops[op]),
  setup(problem) {
    const { description, environment, arrays } = problem;
    return { run: description.arrays(environment.package, arrays, options(problem)), answer: () => ({ y: arrays.y }) };
  },
};

/** Typed arrays in, new ones out. */
export const arrays: Contestant = {
  name: "engine, arrays, new result",
  setup(problem) {
    const { description, environment, arrays } = problem;
    const { y: _, ...withoutY } = arrays;
    const call = description.arrays(environment.package, withoutY, options(problem));
    return keeping(call, (result) => (likeX(description) ? { y: result as Elements } : (result as Answer)));
  },
};

/** The kernel's export alone, on the tensors' addresses: what the engine's bindings add is the difference. */
export const kernel: Contestant = {
  name: "engine's kernel alone",
  where: (_, { op }) => (ops[op] as Description).kernel !== undefined,
  setup({ description, environment, op, dtype, rows, cols, eps, tensors }) {
    const run = description.kernel?.(environment.kernels[`${op}_${dtype}`], addresses(tensors), { rows, cols, eps });
    if (run === undefined) throw new Error(`the bench does not call the kernel of ${op}`);
    return { run, answer: () => ({ y: tensors.y.data as Elements }) };
  },
};

/** Does the table give the op a kernel of its own with relaxed SIMD? */
const hasRelaxed = (op: OpName, dtype: DType) =>
  (table[op] as { relaxed?: readonly DType[] }).relaxed?.includes(dtype) ?? false;

const likeX = ({ outputs }: Pick<Description, "outputs">) => outputs.includes("y");

/** A call whose result is new each time. */
function keeping(call: () => unknown, answerOf: (result: unknown) => Answer) {
  let result: unknown;
  return {
    run() {
      result = call();
    },
    answer: () => answerOf(result),
  };
}

/** Options of a call with arrays: the engine that the others use, and what the bits of a Uint16Array are. */
function options({ cols, dtype, environment }: Problem): ArrayOptions {
  return { cols, dtype: isHalf(dtype) ? dtype : undefined, engine: environment.engine };
}
