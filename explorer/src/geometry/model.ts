/** What the engine says of one vector of three. Nothing here normalises anything itself. */
import { decompose, geometry, layerNorm, rmsNorm } from "orthonorm";

export type Vector = readonly [number, number, number];

/** √d, the radius of the circle and of the sphere. */
export const radius = Math.sqrt(3);

export interface Model {
  x: Vector;
  weight: Vector;
  bias: Vector;
  /** ‖x‖, x·1̂, ‖x⊥‖; the angle to 1 in degrees. */
  norm: number;
  uniform: number;
  orthogonal: number;
  cosine: number;
  angle: number;
  mean: number;
  /** How long LayerNorm's result is with the eps that models have, before weight and bias. */
  withEps: number;
  /** Where LayerNorm's three steps lead, and then weight and bias. */
  layerNorm: { meanVector: Vector; shadow: Vector; unit: Vector; standardized: Vector; affine: Vector };
  /** RMSNorm has no first step, and no bias. */
  rmsNorm: { unit: Vector; standardized: Vector; affine: Vector };
}

/** eps is 0: the geometry as the paper has it. A model's norms add 1e-5, which shows only where next to nothing is left. */
const eps = 0;
export const modelEps = 1e-5;

export function measure(x: Vector, weight: Vector, bias: Vector): Model {
  const input = Float64Array.from(x);
  const [w, b] = [Float64Array.from(weight), Float64Array.from(bias)];
  const { norm, uniform, orthogonal, cosine, angle } = geometry(input);
  const steps = decompose(input);
  const standardized = rmsNorm(input, { eps });
  return {
    x,
    weight,
    bias,
    norm: norm[0],
    uniform: uniform[0],
    orthogonal: orthogonal[0],
    cosine: cosine[0],
    angle: (angle[0] * 180) / Math.PI,
    mean: steps.meanVector[0],
    withEps: geometry(layerNorm(input, { eps: modelEps })).norm[0],
    layerNorm: {
      meanVector: vector(steps.meanVector),
      shadow: vector(steps.orthogonal),
      unit: vector(steps.unit),
      standardized: vector(steps.standardized),
      affine: vector(layerNorm(input, { eps, weight: w, bias: b })),
    },
    rmsNorm: {
      unit: scaled(vector(standardized), 1 / radius),
      standardized: vector(standardized),
      affine: vector(rmsNorm(input, { eps, weight: w })),
    },
  };
}

/** Where LayerNorm has brought x after so many steps, 0 to 4. */
export function layerNormAt({ x, layerNorm: { shadow, unit, standardized, affine } }: Model, step: number): Vector {
  return along([x, shadow, unit, standardized, affine], step);
}

/** RMSNorm likewise; in the first step it waits. */
export function rmsNormAt({ x, rmsNorm: { unit, standardized, affine } }: Model, step: number): Vector {
  return along([x, x, unit, standardized, affine], step);
}

function along(stops: readonly Vector[], step: number): Vector {
  const from = Math.min(stops.length - 2, Math.floor(step));
  return mixed(stops[from], stops[from + 1], step - from);
}

export function mixed(a: Vector, b: Vector, share: number): Vector {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

export function scaled(v: Vector, by: number): Vector {
  return [v[0] * by, v[1] * by, v[2] * by];
}

function vector(from: Float64Array): Vector {
  return [from[0], from[1], from[2]];
}
