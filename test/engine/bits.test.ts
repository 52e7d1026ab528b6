// The simd variant gives the same bits in every JavaScript engine, as docs/numerics.md promises: one set of digests, the
// same in Node, Chromium, Firefox and (test/webkit.test.ts) WebKit.

import * as orthonorm from "orthonorm";
import { expect, it } from "vitest";
import expected from "../data/bits.json" with { type: "json" };
import { digests } from "../support/bits.js";

it("every op, element type, shape and option: the bits of test/data/bits.json", async () => {
  expect(Object.keys(expected)).toHaveLength(4 * 17 + 3);
  expect(await digests(orthonorm)).toEqual(expected);
});
