// Relaxed SIMD makes this one faster, and rmsNorm not: docs/performance.md.
export { layerNorm_f32 } from "../f32";
