import { decompose, layerNorm, rmsNorm } from "orthonorm";

const x = new Float32Array([3, -0.4, 0.8]);
const { meanVector, orthogonal, unit, standardized } = decompose(x);
console.log({ meanVector, orthogonal, unit, standardized });
console.log({ layerNorm: layerNorm(x), rmsNorm: rmsNorm(x) });
