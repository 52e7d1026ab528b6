// docs/where-it-holds.md says what its record holds, and what feeds the encoders is made as they expect it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { measure } from "../scripts/encoders/measure.js";
import { pages } from "../scripts/encoders/page.js";
import { decoded } from "../scripts/encoders/recogniser.js";
import { overChance, readRecord } from "../scripts/encoders/record.js";
import { speak } from "../scripts/encoders/speech.js";
import { normalized, width } from "../scripts/encoders/text-lines.js";
import { framed, secondsFor } from "../scripts/encoders/wake-words.js";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the page", () => {
  for (const [file, text] of Object.entries(pages(readRecord()))) {
    it(`${file} is what the record gives`, () => expect(readFileSync(`${root}/${file}`, "utf8") === text).toBe(true));
  }

  it("says what the record shows: below chance in one model, above it in all encoders", () => {
    const ratios = (of: string) =>
      readRecord().models.flatMap(({ id, norms }) => (id.startsWith(of) ? norms.map(overChance) : []));
    expect(Math.max(...ratios("twin-ln"))).toBeLessThan(0.8);
    expect(Math.min(...ratios("pp-"), ...ratios("hey_"))).toBeGreaterThan(1.25);
  });
});

describe("what the encoders are fed", () => {
  it("pixels become BGR in −1 … 1, and zeros beside the line", () => {
    const pixels = new Uint8Array(4 * 48 * width).fill(255);
    pixels.set([255, 0, 0, 255]);
    const strip = normalized(pixels, 2);
    const plane = 48 * width;
    expect([strip[0], strip[plane], strip[2 * plane], strip[1], strip[2]]).toEqual([-1, -1, 1, 1, 0]);
  });

  it("scores are read without blanks and repetitions", () => {
    const scores = (classes: number[]) =>
      Float32Array.from(classes.flatMap((hot) => [0, 1, 2, 3].map((at) => (at === hot ? 1 : 0))));
    expect(decoded(scores([1, 1, 0, 1, 3, 2]), 4, ["a", "b"])).toBe("aa b");
  });

  it("sound of so many seconds has so many windows", () => {
    expect([...framed(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]), 2, 2, 1)].map((part) => [...part])).toEqual([
      [1, 2, 3, 4],
      [3, 4, 5, 6],
      [5, 6, 7, 8],
    ]);
    expect(secondsFor(508)).toBeCloseTo(42.542, 3);
  });

  it("a voice is periodic, and an unknown phoneme is refused", () => {
    const spoken = speak("AA", { pitch: 100, formants: 1 }, () => 0.5);
    expect(spoken.length).toBe(1760);
    expect(spoken.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeCloseTo(0.5, 6);
    expect(() => speak("AA XX", { pitch: 100, formants: 1 }, () => 0.5)).toThrow(
      /^speak: sentence expected phonemes .*got "XX"$/,
    );
  });

  it("rectified normal numbers lie at 55.7°, as the page says", async () => {
    const { normals } = await import("./support/random.js");
    const data = Float32Array.from(normals(512 * 128), (value) => Math.max(0, value));
    expect((await measure({ name: "x", eps: 1e-5, cols: 128, data })).angle.mean).toBeCloseTo(55.7, 0);
  });
});
