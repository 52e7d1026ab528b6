import { testOp } from "../../support/op-suite.js";
import { description } from "../../support/ops/moments.js";

testOp(description);
