import { layerNorm, tensor } from "orthonorm";

const [rows, cols] = [128, 768];
const numbers = new Float32Array(rows * cols).map(Math.random);
const x = tensor("f32", [rows, cols], numbers);
const weight = tensor("f32", cols, numbers.slice(0, cols));
const bias = tensor("f32", cols, numbers.slice(-cols));
const out = tensor("f32", [rows, cols]);

/** Microseconds of one call, from 400. */
function sample() {
  const start = performance.now();
  for (let i = 0; i < 400; i++) {
    layerNorm(x, { weight, bias, out });
  }
  return (performance.now() - start) / 0.4;
}
sample(); // at first the browser compiles
const samples = Array.from({ length: 25 }, sample);
const median = samples.sort((a, b) => a - b)[12];
console.log("LayerNorm of 128×768 in microseconds:", median);
