/** JavaScript alone. Halves are decoded to Float32Array and encoded again, which the time includes. */
import { decode, encode } from "../halves.js";
import { type Description, type Floats, type Operands, type OpName, ops, type Shape } from "../ops.js";
import { isHalf } from "../problem.js";
import { bestLayerNorm, bestRMSNorm } from "./best.js";
import type { Contestant } from "./contestant.js";
import * as plainLoops from "./plain.js";

/** x, y, the inputs, and an array for each result per row. */
export type Loop = (operands: Operands<Floats>, shape: Shape & { eps: number }) => () => void;
export type Loops = Partial<Record<OpName, Loop>>;

/** The yardstick of the tables. */
export const plain: Contestant = javascript("plain JavaScript", plainLoops.plain);

export const best: Contestant = javascript("best JavaScript", {
  layerNorm: ({ x, y, weight, bias }, { rows, cols, eps }) => {
    return () => bestLayerNorm(y, x, weight, bias, rows, cols, eps);
  },
  rmsNorm: ({ x, y, weight }, { rows, cols, eps }) => {
    return () => bestRMSNorm(y, x, weight, rows, cols, eps);
  },
});

function javascript(name: string, loops: Loops): Contestant {
  return {
    name,
    where: (_, { op }) => loops[op] !== undefined,
    setup({ op, dtype, rows, cols, eps, arrays }) {
      const { outputs }: Description = ops[op];
      const half = isHalf(dtype);
      const operands = { ...arrays } as Operands<Floats>;
      if (half) {
        operands.x = new Float32Array(rows * cols);
        operands.y = new Float32Array(rows * cols);
      }
      const perRow = outputs.filter((output) => output !== "y");
      for (const output of perRow) operands[output] = dtype === "f64" ? new Float64Array(rows) : new Float32Array(rows);
      const loop = (loops[op] as Loop)(operands, { rows, cols, eps });
      const like = outputs.includes("y");
      const run = half
        ? () => {
            decode(dtype, arrays.x as Uint16Array, operands.x as Float32Array);
            loop();
            if (like) encode(dtype, operands.y as Float32Array, arrays.y as Uint16Array);
          }
        : loop;
      const results = Object.fromEntries(perRow.map((output) => [output, operands[output]]));
      return { run, answer: () => (like ? { y: arrays.y } : results) };
    },
  };
}
