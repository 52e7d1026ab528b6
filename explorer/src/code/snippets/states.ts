import { geometry } from "orthonorm";

const states = Float32Array.from({ length: 256 * 768 }, () => Math.random() - Math.random());
const { angle, cosine } = geometry(states, { cols: 768 });
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value) / values.length;
console.log("mean angle in degrees:", mean(angle) * (180 / Math.PI));
console.log("d·cos², 1 is chance:", mean(cosine.map((c) => 768 * c * c)));
