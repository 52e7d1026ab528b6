import { layerNorm, rmsNorm } from "orthonorm";
import * as reference from "orthonorm/reference";
import type { Numbers } from "./ground.js";

type Norm = (x: Numbers, options: object) => unknown;

/** Both norms as functions of one type, each with its oracle: for tests that hold of the two alike. */
export const norms = [
  { name: "layerNorm", norm: layerNorm as Norm, oracle: reference.layerNorm },
  { name: "rmsNorm", norm: rmsNorm as Norm, oracle: reference.rmsNorm },
] as const;
