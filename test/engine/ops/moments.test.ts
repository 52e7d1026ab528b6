import * as reference from "orthonorm/reference";
import { testOp } from "../../support/op-suite.js";
import { promise } from "../../support/within.js";

testOp({
  op: "moments",
  oracle({ dtype, cols, inputs: { x } }) {
    const { norm, rms: relative, smallest } = promise[dtype];
    const { mean, variance, rms } = reference.moments(x, { cols });
    return {
      mean: { values: mean, allowed: (r) => norm * rms[r] + smallest },
      variance: { values: variance, allowed: (r) => 2 * norm * variance[r] + smallest },
      rms: { values: rms, allowed: (r) => 2 * relative * rms[r] + smallest },
    };
  },
});
