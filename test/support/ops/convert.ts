import { dtypes } from "../../../abi/ops.js";
import { roundTo } from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";

export const description: OpDescription = {
  op: "convert",
  scalars: (seed) => ({ to: dtypes[seed & 3] }),
  oracle: ({ inputs: { x }, scalars: { to } }) => ({ out: { values: x.map((value) => roundTo(to, value)) } }),
  nanThroughRow: false,
};
