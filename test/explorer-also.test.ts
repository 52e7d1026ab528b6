// What each norm forgets, as the explorer has it: every x′ there gives what x gives, and follows a pointer as far as it may.

import { describe, expect, it } from "vitest";
import {
  type Also,
  allowedGhost,
  follow,
  type Ghost,
  measureGhost,
  placeOf,
  reach,
} from "../explorer/src/geometry/also.js";
import { measure, type Vector } from "../explorer/src/geometry/model.js";
import { centre, plus, seen, toPicture, viewOf } from "../explorer/src/geometry/view.js";
import { uniforms } from "./support/random.js";

const plain: [Vector, Vector] = [
  [1, 1, 1],
  [0, 0, 0],
];
const modelOf = (x: Vector) => measure(x, ...plain);
const xs: Vector[] = [
  [3, -0.4, 0.8],
  [-1, -2, -3.5],
  [0.3, 0.2, -0.5],
];

describe.each(["layernorm", "rmsnorm"] as const)("x′ of what %s forgets", (also: Also) => {
  const result = (model: ReturnType<typeof modelOf>) =>
    also === "layernorm" ? model.layerNorm.standardized : model.rmsNorm.standardized;

  it("gives what x gives, wherever it is, and stays in sight", () => {
    const uniform = uniforms(7);
    for (const x of xs) {
      const model = modelOf(x);
      for (let i = 0; i < 50; i++) {
        const wanted: Ghost = [8 * uniform() - 2, 10 * uniform() - 5];
        const ghost = allowedGhost(model, also, wanted);
        const of = measureGhost(model, also, ghost);
        for (const axis of [0, 1, 2] as const) expect(result(of)[axis]).toBeCloseTo(result(model)[axis], 12);
        const away = plus(placeOf(model, also, ghost), centre, -1);
        expect(Math.hypot(...away)).toBeLessThan(reach + 1e-9);
        expect(allowedGhost(model, also, ghost)[0]).toBeCloseTo(ghost[0], 12);
      }
    }
  });

  it("comes as near to the pointer as what binds it allows", () => {
    for (const x of xs) {
      const model = modelOf(x);
      const ghost: Ghost = [1, 0.8];
      for (const turn of [24, 70, 120, 200]) {
        const view = viewOf(800, 600, [turn, 21], toPicture(x));
        const at = (of: Ghost) => seen(view, placeOf(model, also, of));
        const [from, to] = [at(ghost), follow(view, model, also, ghost, 9, -6)];
        const miss = (of: Ghost) => Math.hypot(at(of).left - from.left - 9, at(of).top - from.top + 6);
        // no neighbour is nearer, but for what the damping leaves
        for (const step of [-0.02, 0.02]) {
          expect(miss(to)).toBeLessThan(miss([to[0] + step, to[1]]) + 0.1);
          if (also === "layernorm") expect(miss(to)).toBeLessThan(miss([to[0], to[1] + step]) + 0.1);
        }
      }
    }
  });
});

it("x′ does not leap where its half-plane is seen edge-on", () => {
  const model = modelOf([3, -0.4, 0.8]);
  // the camera looks along the shadow
  const [a, , b] = toPicture(model.layerNorm.unit);
  const view = viewOf(800, 600, [(Math.atan2(a, b) * 180) / Math.PI, 0], toPicture(model.x));
  const [along, up] = follow(view, model, "layernorm", [1, 0.8], 30, -10);
  expect(Math.abs(along - 1)).toBeLessThan(0.1);
  expect(up).toBeCloseTo(0.8 + 10 / view.scale, 2);
});
