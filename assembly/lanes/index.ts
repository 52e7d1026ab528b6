export { BF16 } from "./bf16";
export { F16 } from "./f16";
export { F32 } from "./f32";
export { F64 } from "./f64";
export { Lanes, trait } from "./lanes";
export { Pairs } from "./pairs";
export { Sums } from "./sums";
