import type { OpDescription } from "../op-case.js";
import { projection } from "../projections.js";

export const description: OpDescription = projection("reject");
