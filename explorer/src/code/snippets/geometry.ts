import { decompose, layerNorm, rmsNorm } from "orthonorm";

const x = new Float64Array([3, -0.4, 0.8]); // x of the scene
const { meanVector, orthogonal, unit } = decompose(x);
console.log({ meanVector, orthogonal, unit });
const eps = 0; // as in the scene; models have 1e-5
console.log({ layerNorm: layerNorm(x, { eps }) });
console.log({ rmsNorm: rmsNorm(x, { eps }) });
