import { layerNorm, tensor } from "orthonorm";

const x = tensor("f32", [128, 768], Float32Array.from({ length: 128 * 768 }, Math.sin));
const out = tensor("f32", [128, 768]);
const start = performance.now();
for (let i = 0; i < 5000; i++) layerNorm(x, { out });
console.log("microseconds for a LayerNorm of 128×768:", (performance.now() - start) / 5);
