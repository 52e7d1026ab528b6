/** The baseline as contestants: today's, on the earlier build's package and in its memory, each with today's as counterpart. */
import type { Contestant } from "../contestants/contestant.js";
import { arrays, arraysOut, kernel, resident } from "../contestants/engine.js";
import type { Description, Kernel, Operands, OpName, ops as table } from "../ops.js";
import { type Environment, makeProblem } from "../problem.js";

export interface Baseline {
  /** An engine of the earlier build's, in a memory of its own. */
  environment: Environment;
  /** The calls of bench/ops.ts, once more: see open.ts. */
  ops: typeof table;
  contestants: BaselineContestants;
}

export type BaselineContestants = Record<"resident" | "arraysOut" | "arrays" | "kernel", Contestant>;

type KernelCall = NonNullable<Description["kernel"]>;

/** The baseline's exports take the arguments of today's without strides. */
const kernelCalls: Partial<Record<OpName, KernelCall>> = {
  layerNorm: (call: Kernel, { x, y, weight, bias }: Operands<number>, { rows, cols, eps }) => {
    return () => call(y, 0, 0, 0, x, 0, weight, bias, rows, cols, eps);
  },
  rmsNorm: (call: Kernel, { x, y, weight }: Operands<number>, { rows, cols, eps }) => {
    return () => call(y, 0, 0, x, 0, weight, 0, rows, cols, 0, eps);
  },
};

/** @param ops the calls of bench/ops.ts in a module of their own: see open.ts */
export function baselineContestants(environment: Environment, ops: Baseline["ops"]): BaselineContestants {
  const before = (today: Contestant, name: string): Contestant => ({
    name,
    counterpart: today.name,
    where: (_, which) => which.op in environment.package && (today.where?.(environment, which) ?? true),
    async setup({ op, dtype, rows, cols, distribution }) {
      const problem = makeProblem({ op, dtype, rows, cols }, environment, distribution);
      try {
        const description: Description = { ...ops[op], kernel: kernelCalls[op] };
        const prepared = await today.setup({ ...problem, description });
        return {
          ...prepared,
          async teardown() {
            await prepared.teardown?.();
            problem.dispose();
          },
        };
      } catch (error) {
        problem.dispose();
        throw error;
      }
    },
  });
  const newResult = before(arrays, "baseline, arrays, new result");
  return {
    resident: before(resident, "baseline, resident"),
    arraysOut: before(arraysOut, "baseline, arrays, out given"),
    // where `out` can be given, that call is the one that is compared
    arrays: {
      ...newResult,
      where: (here, which) =>
        newResult.where?.(here, which) !== false && arraysOut.where?.(environment, which) === false,
    },
    kernel: before(kernel, "baseline's kernel alone"),
  };
}
