// The numbers and words of tables: decimals, medians, labels.

import { join } from "node:path";
import { printable } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import { wrap } from "../../cli/src/terminal/wrap.js";
import { plainLayerNorm } from "../../study/src/speed.js";
import { shortLabels } from "../../study/src/sums.js";
import { decimalsFor, fixed, range, shorten } from "../../study/src/text.js";
import { normals } from "../support/random.js";
import { average, folder, random, study, write } from "../support/study-runs.js";

describe("the numbers", () => {
  test("the JavaScript that the engine is timed against is LayerNorm, at every remainder of four", () => {
    for (const cols of [1, 2, 3, 4, 5, 63, 64, 66]) {
      const x = Float32Array.from(normals(3 * cols, 2));
      const y = new Float32Array(x.length);
      plainLayerNorm(x, y, 3, cols, 1e-5);
      for (let row = 0; row < 3; row++) {
        const values = Float64Array.from(x.subarray(row * cols, (row + 1) * cols));
        const mean = average(values);
        const sd = Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
        values.forEach((value, i) => {
          expect(y[row * cols + i]).toBeCloseTo((value - mean) / Math.sqrt(sd * sd + 1e-5), 5);
        });
      }
    }
  });

  test("numbers in words", () => {
    expect(decimalsFor([0.012, 1.5, 150], 3)).toBe(2);
    expect(decimalsFor([0, 0], 3, 2)).toBe(2);
    expect([fixed(1.005, 1), fixed(0.0001, 2), fixed(1e9, 1), fixed(0, 2)]).toEqual([
      "1.0",
      "1.0e-4",
      "1.0e+9",
      "0.00",
    ]);
    expect([range([2, 1], 1), range([1, 1.01], 1)]).toEqual(["1.0–2.0", "1.0"]);
    expect(shorten("model.layers.12.input", 11)).toBe("model…input");
    expect(wrap("one two three four", 9, "  ")).toBe("one two\n  three\n  four");
    expect(printable("a\u0007\u202eb")).toBe("a\\u0007\\u202eb");
  });

  test("sites stand in the order of the layers", async () => {
    const names = ["final_norm", "layer10", "layer2", "h.10.ln_1", "h.2.ln_2", "h.2.ln_1", "wte"];
    write("depth.safetensors", Object.fromEntries(names.map((name) => [name, random(3, 8)])));
    const { groups } = await study([join(folder, "depth.safetensors")], { withSpeed: false });
    const order = ["wte", "h.2.ln_1", "h.2.ln_2", "h.10.ln_1", "layer2", "layer10", "final_norm"];
    expect(groups[0].sites.map(({ site }) => site)).toEqual(order);
  });

  test("labels are as short as tells the files apart", () => {
    const labels = (...paths: string[]) => [...shortLabels(paths).values()];
    expect(labels("x/y/ln/states.safetensors", "x/y/rms/states.safetensors")).toEqual(["ln/states", "rms/states"]);
    expect(labels("a/b.safetensors")).toEqual(["b"]);
    expect(labels("b.safetensors", "b.safetensors")).toEqual(["b"]);
    expect(labels("b.safetensors", "a/b.safetensors")).toEqual(["b", "a/b"]);
    expect(labels("b.safetensors", "b.npz")).toEqual(["b.safetensors", "b.npz"]);
    expect(labels()).toEqual([]);
  });
});
