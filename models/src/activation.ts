/** The functions between the two projections of an MLP, in f64, rounded once to f32. */
import type { ActivationName } from "./architecture.js";
import { tabulated } from "./tabulated.js";

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

/** As their papers have them. */
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

const tables = new Map<ActivationName, Activation>();

/** The same to 1e-12, in a tenth of the time: per token a model takes thousands of them. */
export function tabulatedActivation(name: ActivationName): Activation {
  if (name === "relu") return activations.relu;
  let table = tables.get(name);
  if (table === undefined) {
    table = tabulated(activations[name]);
    tables.set(name, table);
  }
  return table;
}

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
  const tail = y >= 6 ? 0 : y <= 4 ? middleTail(y) : farTail(y);
  return x < 0 ? tail - 1 : 1 - tail;
}

function middleTail(y: number): number {
  const top =
    (((((((2.1531153547440383e-8 * y + 0.5641884969886701) * y + 8.883149794388377) * y + 66.11919063714163) * y +
      298.6351381974001) *
      y +
      881.952221241769) *
      y +
      1712.0476126340707) *
      y +
      2051.0783778260716) *
      y +
    1230.3393547979972;
  const bottom =
    (((((((y + 15.744926110709835) * y + 117.6939508913125) * y + 537.1811018620099) * y + 1621.3895745666903) * y +
      3290.7992357334597) *
      y +
      4362.619090143247) *
      y +
      3439.3676741437216) *
      y +
    1230.3393548037495;
  return (Math.exp(-y * y) * top) / bottom;
}

function farTail(y: number): number {
  const z = 1 / (y * y);
  const top =
    ((((0.016315387137302097 * z + 0.30532663496123236) * z + 0.36034489994980445) * z + 0.12578172611122926) * z +
      0.016083785148742275) *
      z +
    0.0006587491615298378;
  const bottom =
    ((((z + 2.568520192289822) * z + 1.8729528499234604) * z + 0.5279051029514285) * z + 0.06051834131244132) * z +
    0.0023352049762686918;
  return (Math.exp(-y * y) * (1 / Math.sqrt(Math.PI) - (z * top) / bottom)) / y;
}
