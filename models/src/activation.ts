/** The functions between the two projections of an MLP, in f64, rounded once to f32. */
import type { ActivationName } from "./architecture.js";

export type Activation = (x: number) => number;

/** What configurations call them. */
export const activationNames: Readonly<Record<string, ActivationName>> = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu_new",
  gelu_fast: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  relu: "relu",
  silu: "silu",
  swish: "silu",
};

export const activations: Readonly<Record<ActivationName, Activation>> = {
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_new: (x) => {
    // (1 + tanh(u))/2 is 1/(1 + exp(−2u)), with one exponential.
    const u = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    return x / (1 + Math.exp(-2 * u));
  },
  relu: (x) => Math.max(0, x),
  silu: (x) => x / (1 + Math.exp(-x)),
};

/**
 * The error function, to about 1.2e-16 + 1e-15 of itself.
 *
 * Source: W. J. Cody, Rational Chebyshev approximation for the error function, Math. Comp. 23 (1969); coefficients of his CALERF (netlib).
 */
export function erf(x: number): number {
  const y = Math.abs(x);
  if (y <= 0.46875) {
    const z = x * x;
    const top = (((0.18577770618460315 * z + 3.1611237438705655) * z + 113.86415415105016) * z + 377.485237685302) * z;
    const bottom = (((z + 23.601290952344122) * z + 244.02463793444417) * z + 1282.6165260773723) * z;
    return (x * (top + 3209.3775891384694)) / (bottom + 2844.236833439171);
  }
  const tail = y <= 4 ? middleTail(y) : y < 6 ? farTail(y) : 0;
  return x < 0 ? tail - 1 : 1 - tail;
}

const P = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
];
const Q = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
];

function middleTail(y: number): number {
  let [top, bottom] = [P[0], Q[0]];
  for (let i = 1; i < 9; i++) {
    top = top * y + P[i];
    bottom = bottom * y + Q[i];
  }
  return (Math.exp(-y * y) * top) / bottom;
}

const R = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
  0.0006587491615298378,
];
const S = [1, 2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918];

function farTail(y: number): number {
  const z = 1 / (y * y);
  let [top, bottom] = [R[0], S[0]];
  for (let i = 1; i < 6; i++) {
    top = top * z + R[i];
    bottom = bottom * z + S[i];
  }
  return (Math.exp(-y * y) * (1 / Math.sqrt(Math.PI) - (z * top) / bottom)) / y;
}
