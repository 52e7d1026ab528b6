import { geometry } from "orthonorm";

const [rows, cols] = [2048, 768];
const { random } = Math;
const states = new Float32Array(rows * cols) // or your own
  .map(() => random() + random() - random() - random());

const { angle, cosine } = geometry(states, { cols });
let [sum, squares, dCos2] = [0, 0, 0];
for (const radians of angle) sum += radians * (180 / Math.PI);
const mean = sum / rows;
for (const radians of angle) {
  squares += (radians * (180 / Math.PI) - mean) ** 2;
}
for (const one of cosine) dCos2 += cols * one * one;
console.log("mean angle in degrees:", mean);
console.log("standard deviation:", Math.sqrt(squares / rows));
console.log("mean d·cos²θ, 1 is chance:", dCos2 / rows);
