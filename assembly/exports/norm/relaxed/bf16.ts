// Relaxed SIMD makes this one faster, and rmsNorm not: docs/performance.md.
export { layerNorm_bf16 } from "../bf16";
