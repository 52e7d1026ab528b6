// Files that were cut, damaged or made up: they are read right or refused in one line, whatever the bytes.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { f32, failure, noise, type Way } from "../support/read-files.js";
import { npy, safetensors, zip } from "../support/tensor-files.js";

describe("whatever the bytes", () => {
  const bytes: Record<string, Buffer> = {
    "a.safetensors": safetensors({ a: f32([3, 4], 1), b: f32([2, 2], 2) }),
    "a.npy": npy("'<f4'", [4, 5], noise(80)),
    "fortran.npy": npy("'<f4'", [4, 5], noise(80), { fortran: true }),
    "fortran-3d.npy": npy("'<f8'", [2, 3, 4], noise(192), { fortran: true }),
    "big-endian.npy": npy("'>f4'", [4, 5], noise(80)),
    "big-endian-fortran.npy": npy("'>f8'", [3, 5], noise(120), { fortran: true }),
    "both.npz": zip([
      { name: "f.npy", data: npy("'<f4'", [4, 5], noise(80), { fortran: true }) },
      { name: "b.npy", data: npy("'>f4'", [4, 5], noise(80)), deflate: true },
      { name: "bf.npy", data: npy("'>f8'", [3, 2], noise(48), { fortran: true }), deflate: true },
    ]),
    "stored.npz": zip([
      { name: "a.npy", data: npy("'<f4'", [4, 5], noise(80)) },
      { name: "b.npy", data: npy("'<f8'", [3], noise(24)) },
    ]),
    "deflated.npz": zip([{ name: "a.npy", data: npy("'<f4'", [4, 5], noise(80)), deflate: true }]),
  };
  const starts = ["", "\x93NUMPY\x01\0", "\x93NUMPY\x02\0", "PK\x03\x04\x14\0\0\0", "\x10\0\0\0\0\0\0\0{"];
  const waysOf = (name: string): Way[] => (name.endsWith(".npz") ? ["blob"] : ["blob", "stream"]);
  const settings = { seed: 20, numRuns: 300 };

  test("random ones fail in one line", async () => {
    const random = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }));
    await fc.assert(
      fc.asyncProperty(random, fc.constantFrom<Way>("blob", "stream"), async ([start, rest], way) => {
        expect(await failure(Buffer.concat([Buffer.from(start, "latin1"), rest]), "h", way)).toMatch(
          /^h .*expected .*, got /,
        );
      }),
      settings,
    );
  });

  test.each(Object.keys(bytes))("%s cut anywhere fails in one line", async (name) => {
    const whole = bytes[name];
    for (const way of waysOf(name)) {
      expect(await failure(whole, name, way)).toBe("no failure");
      for (let length = 0; length < whole.length; length++) {
        expect(await failure(whole.subarray(0, length), name, way), `${length}`).toMatch(/^\S+ .*expected .*, got /);
      }
    }
  });

  test.each(Object.keys(bytes))(
    "%s with a byte changed is refused in one line, or has the shape it says",
    async (name) => {
      const whole = bytes[name];
      await fc.assert(
        fc.asyncProperty(
          fc.nat(whole.length - 1),
          fc.nat(255),
          fc.constantFrom(...waysOf(name)),
          async (at, value, way) => {
            const changed = Buffer.from(whole);
            changed[at] = value;
            expect(await failure(changed, name, way)).toMatch(/^no failure$|^\S+ .*expected .*, got /);
          },
        ),
        settings,
      );
    },
  );
});
