// Random sequences of calls against a model. FUZZ_SEED and FUZZ_STEPS replay one; `npm run test:long` runs a million steps.

import { expect, it } from "vitest";
import { fuzz } from "./run.js";

const { FUZZ_SEED = "1", FUZZ_STEPS = "4000" } = typeof process === "undefined" ? {} : process.env;
const seed = Number(FUZZ_SEED);
const steps = Number(FUZZ_STEPS);

// a sequence that fails is run again and again, for the least of its steps
const TIMEOUT = 10 * 60_000;

it(`the public API does what the model says, seed ${seed}, ${steps} steps`, { timeout: TIMEOUT }, () => {
  const refused = fuzz(seed, steps);
  // a sequence that is refused everything, or nothing, shows little
  expect(refused / steps).toBeGreaterThan(0.03);
  expect(refused / steps).toBeLessThan(0.5);
});
