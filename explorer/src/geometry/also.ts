/**
 * What the picture shows beside the steps: that RMSNorm(x) is sin θ · LayerNorm(x) + cos θ · 1, and what each norm forgets, which is
 * every x′ that it takes to the same place as x:
 *
 *   LayerNorm   a · x⊥ + b · 1, a > 0    a half-plane, whose edge is the uniform direction
 *   RMSNorm     a · x, a > 0             a ray
 */
import { type Model, measure, scaled, type Vector } from "./model.js";
import { unit } from "./paths.js";
import { centre, fromPicture, plus, seen, toPicture, type View } from "./view.js";

export const choices = ["nothing", "identity", "layernorm", "rmsnorm"] as const;
export type Also = (typeof choices)[number];

/** Where x′ is: how long its shadow is and how high it is, or along the ray, how long it is. */
export type Ghost = readonly [along: number, up: number];

/** How far around the middle of the picture x′ may go, and how near to where it would have no direction. */
export const reach = 2.8;
const nearest = 0.2;

export const hasGhost = (also: Also) => also === "layernorm" || also === "rmsnorm";

/** The direction of x's shadow, in the picture. None where x lies along the uniform direction: LayerNorm has nothing there. */
function shadowWay({ layerNorm: { unit: way } }: Model): Vector {
  return toPicture(way);
}

/** x′ in the picture. */
export function placeOf(model: Model, also: Also, [along, up]: Ghost): Vector {
  return also === "rmsnorm"
    ? scaled(unit(toPicture(model.x)), along)
    : plus(scaled(shadowWay(model), along), [0, 1, 0], up);
}

/** The nearest to the wanted one that is in sight. */
export function allowedGhost(model: Model, also: Also, [along, up]: Ghost): Ghost {
  if (also === "rmsnorm") return [Math.min(rayEnd(model), Math.max(nearest, along)), up];
  const high = up - centre[1];
  const share = Math.min(1, reach / Math.hypot(Math.max(nearest, along), high));
  const out = Math.max(nearest, along * share);
  const top = Math.sqrt(reach * reach - out * out);
  return [out, centre[1] + Math.min(top, Math.max(-top, high * share))];
}

/** How long x′ may be along x. */
export function rayEnd(model: Model): number {
  const height = unit(toPicture(model.x))[1] * centre[1];
  return height + Math.sqrt(height * height + reach * reach - centre[1] * centre[1]);
}

/** What the engine says of x′. */
export function measureGhost(model: Model, also: Also, ghost: Ghost): Model {
  return measure(fromPicture(placeOf(model, also, ghost)), model.weight, model.bias);
}

/** Squared pixels, for a length of 1: what moves x′ by less hardly moves it, so that it does not leap where it is seen edge-on. */
const damping = 150;

/** x′ moved by so many pixels, as far as what it is bound to allows: least squares by Gauss and Newton, damped. */
export function follow(view: View, model: Model, also: Also, from: Ghost, right: number, down: number): Ghost {
  const at = (ghost: Ghost) => seen(view, placeOf(model, also, ghost));
  const goal = { left: at(from).left + right, top: at(from).top + down };
  let ghost = from;
  for (let i = 0; i < 5; i++) {
    const here = at(ghost);
    const miss = [goal.left - here.left, goal.top - here.top];
    const small = 1e-4;
    const slope = (there: { left: number; top: number }) => [
      (there.left - here.left) / small,
      (there.top - here.top) / small,
    ];
    const a = slope(at([ghost[0] + small, ghost[1]]));
    const b = also === "rmsnorm" ? [0, 0] : slope(at([ghost[0], ghost[1] + small]));
    const dot = (u: number[], v: number[]) => u[0] * v[0] + u[1] * v[1];
    const [aa, ab, bb] = [dot(a, a) + damping, dot(a, b), dot(b, b) + damping];
    const [am, bm] = [dot(a, miss), dot(b, miss)];
    const determinant = aa * bb - ab * ab;
    ghost = [ghost[0] + (am * bb - bm * ab) / determinant, ghost[1] + (bm * aa - am * ab) / determinant];
  }
  return allowedGhost(model, also, ghost);
}
