import * as reference from "../../../bindings/reference/index.js";
import type { OpDescription } from "../op-case.js";
import { allKinds } from "../rows.js";
import { promise } from "../within.js";

export const description: OpDescription = {
  op: "angle",
  // subnormal rows have few bits: what an angle is then is tested by itself
  kinds: allKinds.filter((kind) => kind !== "subnormal"),
  oneRow: "y",
  oracle({ dtype, cols, inputs: { x, y } }) {
    return { angle: { values: reference.angle(x, y, { cols }), allowed: () => promise[dtype].norm } };
  },
};
