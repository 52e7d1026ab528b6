import { geometry, layerNorm, rmsNorm } from "orthonorm";

const x = new Float64Array([3, -0.4, 0.8]); // x of the scene
const { norm, orthogonal, cosine } = geometry(x);
const sine = orthogonal[0] / norm[0];
const y = layerNorm(x, { eps: 0 });
console.log(y.map((value) => sine * value + cosine[0]));
console.log(rmsNorm(x, { eps: 0 })); // the same
