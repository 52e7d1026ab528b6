/** What can be changed in the scene, and how it is written into the page's address, so that a view can be shared. */
import { type Also, choices, type Ghost } from "./also.js";
import type { Vector } from "./model.js";

export interface State {
  x: Vector;
  weight: Vector;
  bias: Vector;
  /** 0 is x, 1 to 3 are the paper's steps, 4 is weight and bias; between them the way. */
  step: number;
  showRms: boolean;
  /** What is shown beside the third step, and where x′ is then. */
  also: Also;
  ghost: Ghost;
  /** The camera's azimuth and elevation in degrees. */
  view: readonly [number, number];
}

export const initial: State = {
  x: [3, -0.4, 0.8],
  weight: [1.3, 0.6, 0.9],
  bias: [0.4, 0.2, -0.3],
  step: 0,
  showRms: true,
  also: "nothing",
  ghost: [1.4, 2.6],
  view: [24, 21],
};

/** How far from 0 a component of x, a weight, a bias may go. */
export const limits = { x: 4, weight: 2, bias: 2 };

const round = (value: number) => Math.round(value * 1e4) / 1e4;
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** A vector that x may be, near to the wanted one. */
export function allowed(x: Vector): Vector {
  const [a, b, c] = x.map((value) => round(clamp(value, -limits.x, limits.x)));
  return [a, b, c];
}

/** The names of the parameters. */
export const parameters = ["x", "step", "weight", "bias", "view", "rmsnorm", "also", "ghost"];

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
  if (state.also !== initial.also) {
    found.push(`also=${state.also}`);
    add("ghost", state.ghost, initial.ghost);
  }
  return found;
}

/**
 * The state that an address asks for, and in words what of it could not be had: what is no number at all is as in the first view,
 * what lies too far out is at the limit.
 */
export function read(search: string): { state: State; refused: string[] } {
  const query = new URLSearchParams(search);
  const refused: string[] = [];
  const numbers = <T extends readonly number[]>(name: string, first: T, low: number, high: number): T => {
    const asked = query.get(name)?.slice(0, 80);
    if (asked === undefined) return first;
    const values = asked.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const expected = `${name} expected ${first.length === 1 ? "a number" : `${first.length} numbers`} from ${low} to ${high}`;
    if (values.length !== first.length || !values.every(Number.isFinite)) {
      refused.push(`${expected}, got ${asked}: it is ${first.join(", ")} here.`);
      return first;
    }
    const taken = values.map((value) => clamp(value, low, high));
    if (taken.some((value, i) => value !== values[i])) {
      refused.push(`${expected}, got ${asked}: it is ${taken.map(round).join(", ")} here.`);
    }
    return taken as unknown as T;
  };
  const wanted = query.get("also");
  const also = choices.find((one) => one === wanted) ?? initial.also;
  if (wanted !== null && also !== wanted) {
    refused.push(`also expected one of ${choices.join(", ")}, got ${wanted.slice(0, 80)}: it is ${also} here.`);
  }
  const state = {
    x: allowed(numbers("x", initial.x, -limits.x, limits.x)),
    weight: numbers("weight", initial.weight, -limits.weight, limits.weight),
    bias: numbers("bias", initial.bias, -limits.bias, limits.bias),
    step: also === "nothing" ? numbers("step", [initial.step] as const, 0, 4)[0] : 3,
    view: turned(numbers("view", initial.view, -360, 360)),
    showRms: query.get("rmsnorm") !== "off",
    also,
    ghost: numbers("ghost", initial.ghost, -limits.x, limits.x),
  };
  return { state, refused };
}

/** A camera that stays above the plane or a little below it: it never turns over. */
export function turned([azimuth, elevation]: readonly [number, number]): [number, number] {
  return [round(azimuth % 360), round(clamp(elevation, -20, 89))];
}
