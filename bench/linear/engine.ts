/** `linear` on Tensors, with a bias and `out`: in f32, with halves, and by weights of 8 bits. */
import { convert, type DType, type Engine, linear, quantizeWeights } from "../../dist/index.js";
import type { Contestant } from "./contestant.js";

/** The element types of x and y, and of W. */
interface Types {
  x: DType;
  weight: DType;
}

/** The element types that can be asked for: of x and W, or of W beside x of f32. */
export const asked = ["f32", "bf16", "f16", "int8"] as const;
export type Asked = (typeof asked)[number];

export function contestantsOf(engine: Engine, dtypes: readonly Asked[]): Contestant[] {
  const halves = dtypes.filter((dtype) => dtype === "bf16" || dtype === "f16");
  const groups = dtypes.includes("int8") ? [undefined, 128, 32] : [];
  return [
    of(engine, { x: "f32", weight: "f32" }),
    ...halves.flatMap((dtype) => [of(engine, { x: dtype, weight: dtype }), of(engine, { x: "f32", weight: dtype })]),
    ...groups.map((groupSize) => by8Bits(engine, groupSize)),
  ];
}

/** By weights of 8 bits, with a scale per row or per group. */
function by8Bits(engine: Engine, groupSize: number | undefined): Contestant {
  return {
    name: `orthonorm, ${engine.variant}, f32, W int8${groupSize === undefined ? "" : ` by ${groupSize}`}`,
    setup({ rows, cols, k, x, weight, bias, check }) {
      const group = groupSize === undefined ? {} : { groupSize };
      const operands = {
        x: engine.tensor("f32", [rows, cols], x),
        weight: quantizeWeights(weight, { cols, engine, ...group }),
        bias: engine.tensor("f32", [k], bias),
        out: engine.tensor("f32", [rows, k]),
      };
      const options = { bias: operands.bias, out: operands.out };
      return {
        run: () => linear(operands.x, operands.weight, options),
        check: () => check(operands.out.toArray(), "int8"),
        teardown() {
          for (const one of Object.values(operands)) one.dispose();
        },
      };
    },
  };
}

function of(engine: Engine, types: Types): Contestant {
  const { variant } = engine;
  const single = types.x === "f32" && types.weight === "f32";
  const called = types.x === types.weight ? types.x : `${types.x}, W ${types.weight}`;
  return {
    name: `orthonorm, ${variant}, ${called}`,
    ...(single && { variant }),
    setup({ rows, cols, k, x, weight, bias, check }) {
      const tensor = (dtype: DType, shape: number[], values?: Float32Array) => {
        const one = engine.tensor("f32", shape, values);
        if (dtype === "f32") return one;
        const converted = convert(one, dtype);
        one.dispose();
        return converted;
      };
      const operands = {
        x: tensor(types.x, [rows, cols], x),
        weight: tensor(types.weight, [k, cols], weight),
        bias: tensor("f32", [k], bias),
        out: tensor(types.x, [rows, k]),
      };
      const options = { bias: operands.bias, out: operands.out };
      return {
        run: () => linear(operands.x, operands.weight, options),
        check() {
          const { out } = operands;
          const single = types.x === "f32" ? out : convert(out, "f32");
          check(single.toArray(), types.weight);
          if (single !== out) single.dispose();
        },
        teardown() {
          for (const one of Object.values(operands)) one.dispose();
        },
      };
    },
  };
}
