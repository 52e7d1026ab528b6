/** What can be changed in the scene, and how it is written into the page's address, so that a view can be shared. */
import type { Vector } from "./model.js";

export interface State {
  x: Vector;
  weight: Vector;
  bias: Vector;
  /** 0 is x, 1 to 3 are the paper's steps, 4 is weight and bias; between them the way. */
  step: number;
  showRms: boolean;
  /** The camera's azimuth and elevation in degrees. */
  view: readonly [number, number];
}

export const initial: State = {
  x: [3, -0.4, 0.8],
  weight: [1.3, 0.6, 0.9],
  bias: [0.4, 0.2, -0.3],
  step: 0,
  showRms: true,
  view: [24, 21],
};

/** How far from 0 a component of x, a weight, a bias may go. */
export const limits = { x: 4, weight: 2, bias: 2 };

/** x is kept this long at least: nothing at all has no direction. */
const shortest = 0.05;

const round = (value: number) => Math.round(value * 1e4) / 1e4;
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** A vector that x may be, near to the wanted one. */
export function allowed(x: Vector): Vector {
  const [a, b, c] = x.map((value) => round(clamp(value, -limits.x, limits.x)));
  return Math.hypot(a, b, c) < shortest ? [shortest, 0, 0] : [a, b, c];
}

/** The names of the parameters. */
export const parameters = ["x", "step", "weight", "bias", "view", "rmsnorm"];

/** Those that differ from the first view, in the order of `parameters`. */
export function write(state: State): string[] {
  const found: string[] = [];
  const add = (name: string, now: readonly number[], first: readonly number[]) => {
    if (now.some((value, i) => round(value) !== first[i])) found.push(`${name}=${now.map(round).join(",")}`);
  };
  add("x", state.x, initial.x);
  add("step", [state.step], [initial.step]);
  add("weight", state.weight, initial.weight);
  add("bias", state.bias, initial.bias);
  add("view", state.view, initial.view);
  if (!state.showRms) found.push("rmsnorm=off");
  return found;
}

/** The state that an address asks for; what it says wrongly, or not at all, is as in the first view. */
export function read(search: string): State {
  const query = new URLSearchParams(search);
  const numbers = <T extends readonly number[]>(name: string, first: T, low: number, high: number): T => {
    const parts = query.get(name)?.split(",") ?? [];
    const values = parts.map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const fits = values.length === first.length && values.every(Number.isFinite);
    return fits ? (values.map((value) => clamp(value, low, high)) as unknown as T) : first;
  };
  return {
    x: allowed(numbers("x", initial.x, -limits.x, limits.x)),
    weight: numbers("weight", initial.weight, -limits.weight, limits.weight),
    bias: numbers("bias", initial.bias, -limits.bias, limits.bias),
    step: numbers("step", [initial.step] as const, 0, 4)[0],
    view: turned(numbers("view", initial.view, -360, 360)),
    showRms: query.get("rmsnorm") !== "off",
  };
}

/** A camera that stays above the plane or a little below it: it never turns over. */
export function turned([azimuth, elevation]: readonly [number, number]): [number, number] {
  return [round(azimuth % 360), round(clamp(elevation, -20, 89))];
}
