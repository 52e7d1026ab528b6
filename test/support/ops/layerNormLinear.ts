import { thenLinear } from "../norm-linear.js";
import { description as norm } from "./layerNorm.js";

export const description = thenLinear("layerNormLinear", norm);
