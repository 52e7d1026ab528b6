/** The lines of the picture, in its own space: computed here, drawn by scene.ts, named by labels.ts. */
import { radius, type Vector } from "./model.js";
import { dot, fromPicture, plus, toPicture, type View } from "./view.js";

export const origin: Vector = [0, 0, 0];

export function ring(pieces: number, point: (cosine: number, sine: number) => Vector): Vector[] {
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const angle = (2 * Math.PI * i) / pieces;
    return point(Math.cos(angle), Math.sin(angle));
  });
}

/** v ↦ weight ⊙ v + bias in the picture, so far as `share` says. */
export function warp(weight: Vector, bias: Vector, share: number): (point: Vector) => Vector {
  if (share === 0) return (point) => point;
  return (point) => {
    const v = fromPicture(point);
    const along = (i: 0 | 1 | 2) => v[i] * (1 + (weight[i] - 1) * share) + bias[i] * share;
    return toPicture([along(0), along(1), along(2)]);
  };
}

/** An ellipse in space: its middle, and two of its radii, of which each is parallel to the tangents where the other ends. */
export interface Oval {
  middle: Vector;
  side: Vector;
  over: Vector;
}

/** The sphere's outline as it is seen; weight takes it along. */
export function outline(view: View, weight: Vector, share: number): Oval {
  // The outline of what a linear map makes of a sphere is that map's image of the outline seen from where the map takes the
  // eye from. A weight of 0 would make a disc of the sphere, and has no inverse: nearly 0 shows the same.
  const firm = weight.map((w) => {
    const now = 1 + (w - 1) * share;
    return Math.abs(now) < 1e-3 ? 1e-3 : now;
  }) as unknown as Vector;
  const eye = fromPicture(view.eye);
  const from = toPicture([eye[0] / firm[0], eye[1] / firm[1], eye[2] / firm[2]]);
  const far = Math.sqrt(dot(from, from));
  const forward: Vector = [from[0] / far, from[1] / far, from[2] / far];
  const side = unit(cross(forward, Math.abs(forward[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0]));
  const over = cross(side, forward);
  const wide = radius * Math.sqrt(Math.max(0, 1 - (radius / far) ** 2));
  const map = warp(firm, origin, 1);
  return {
    middle: map(plus(origin, forward, (radius * radius) / far)),
    side: map(plus(origin, side, wide)),
    over: map(plus(origin, over, wide)),
  };
}

/** The points of an oval. */
export const around = ({ middle, side, over }: Oval, pieces = 72): Vector[] =>
  ring(pieces, (a, b) => plus(plus(middle, side, a), over, b));

const arcRadius = 0.55;

/** From the uniform direction to x, about the origin. */
export function arc(x: Vector, pieces: number, out = arcRadius): Vector[] {
  const across = unit([x[0], 0, x[2]]);
  const angle = Math.atan2(Math.hypot(x[0], x[2]), x[1]);
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const a = (angle * i) / pieces;
    return plus([0, out * Math.cos(a), 0], across, out * Math.sin(a));
  });
}

export const arcMiddle = (x: Vector) => arc(x, 2, arcRadius + 0.22)[1];

export const length = (v: Vector) => Math.sqrt(dot(v, v));

export function unit(v: Vector): Vector {
  const by = length(v);
  return by === 0 ? [1, 0, 0] : [v[0] / by, v[1] / by, v[2] / by];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
