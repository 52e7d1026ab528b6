import { layerNorm, tensor } from "orthonorm";

const values = Float32Array.from({ length: 128 * 768 }, Math.sin);
const x = tensor("f32", [128, 768], values);
const out = tensor("f32", [128, 768]);
const start = performance.now();
for (let i = 0; i < 5000; i++) layerNorm(x, { out });
const microseconds = (performance.now() - start) / 5;
console.log("LayerNorm of 128×768 in microseconds:", microseconds);
