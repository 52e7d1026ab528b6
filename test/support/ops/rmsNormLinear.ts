import { thenLinear } from "../norm-linear.js";
import { description as norm } from "./rmsNorm.js";

export const description = thenLinear("rmsNormLinear", norm);
