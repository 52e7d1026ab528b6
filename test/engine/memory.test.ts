// What engines have to say where memory does not suffice.

import { createEngine } from "orthonorm";
import { expect, it } from "vitest";

it("a Tensor that no memory could hold is refused like one that is too large for this one", () => {
  const engine = createEngine();
  for (const dims of [[2 ** 20, 2 ** 20], [2 ** 30], [2 ** 31 - 1, 2 ** 31 - 1]]) {
    expect(() => engine.tensor("f32", dims)).toThrow(
      /^tensor: memory expected at least \d+(e\+\d+)?, got 4294901760, /,
    );
  }
  expect(engine.bytesInUse).toBe(0);
});
