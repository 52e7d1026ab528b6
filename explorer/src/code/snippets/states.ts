import { geometry } from "orthonorm";

const [rows, cols] = [256, 768];
const random = () => Math.random() - Math.random();
const states = Float32Array.from({ length: rows * cols }, random);
const { angle, cosine } = geometry(states, { cols });
let [radians, share] = [0, 0];
for (const a of angle) radians += a / rows;
for (const c of cosine) share += (cols * c * c) / rows;
console.log("mean angle in degrees:", radians * (180 / Math.PI));
console.log("d·cos², 1 is chance:", share);
