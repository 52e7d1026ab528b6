/** `linear` on Tensors, with a bias and `out`: in f32, and with halves. */
import { convert, type DType, type Engine, linear } from "../../dist/index.js";
import type { Contestant } from "./contestant.js";

/** The element types of x and y, and of W. */
interface Types {
  x: DType;
  weight: DType;
}

export function contestantsOf(engine: Engine, dtypes: readonly DType[]): Contestant[] {
  const halves = dtypes.filter((dtype) => dtype !== "f32");
  return [
    of(engine, { x: "f32", weight: "f32" }),
    ...halves.flatMap((dtype) => [of(engine, { x: dtype, weight: dtype }), of(engine, { x: "f32", weight: dtype })]),
  ];
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
