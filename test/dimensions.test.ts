// The explorer's "In 768 dimensions": the exact density, and the directions that the engine draws beside it.

import { meanAbsCosine } from "@orthonorm/study";
import { describe, expect, it } from "vitest";
import { withParameters } from "../explorer/src/address.js";
import { apartAt, density, expected, tiltOf } from "../explorer/src/dimensions/chance.js";
import { type Drawn, drawDirections, total } from "../explorer/src/dimensions/directions.js";
import { given, modelsOf, overChance } from "../explorer/src/dimensions/models.js";
import { anchors, indexOf, nextAnchor, readD, steps } from "../explorer/src/dimensions/steps.js";
import { ratios, sentence } from "../explorer/src/dimensions/words.js";
import { chanceSd, chanceTilt } from "../study/src/measure/null-model.js";
import { twinsReport } from "./support/dimensions.js";

const radians = Math.PI / 180;

describe("the density of the angle", () => {
  it("is sin θ/2 in three dimensions and 2 sin² θ/π in four, per radian", () => {
    for (const theta of [0, 1, 30, 60, 90, 147, 180]) {
      const sine = Math.sin(theta * radians);
      expect(density(3, theta)).toBeCloseTo((sine / 2) * radians, 14);
      expect(density(4, theta)).toBeCloseTo(((2 * sine * sine) / Math.PI) * radians, 14);
    }
  });

  it.each([3, 4, 7, 64, 128, 768, 4095, 4096])("integrates to 1 and has the known means, d = %i", (d) => {
    expect(expected(d, () => 1)).toBeCloseTo(1, 9);
    expect(expected(d, (tilt) => tilt) / chanceTilt(d)).toBeCloseTo(1, 6);
    expect(Math.sqrt(expected(d, (tilt) => tilt * tilt)) / chanceSd(d)).toBeCloseTo(1, 7);
    expect(expected(d, (tilt) => Math.sin(tilt * radians)) / meanAbsCosine(d)).toBeCloseTo(1, 6);
    // E cos²θ = 1/d
    expect(expected(d, (tilt) => d * Math.sin(tilt * radians) ** 2)).toBeCloseTo(1, 7);
  });

  it("has two norms apart by the chord of the angle from 90°", () => {
    expect(apartAt(90)).toBeCloseTo(Math.SQRT2, 14);
    expect(apartAt(60)).toBeCloseTo(1, 14);
    for (const tilt of [0.01, 5, 42, 89]) expect(tiltOf(apartAt(tilt))).toBeCloseTo(tilt, 12);
  });
});

describe("the directions drawn", () => {
  const draw = (d: number) => [...drawDirections(d)].at(-1) as Drawn;

  it.each([3, 128, 768, 4096])("spread as the density says, and part the norms by the chord, d = %i", (d) => {
    const drawn = draw(d);
    expect([drawn.d, drawn.rows]).toEqual([d, total]);
    // of n draws the mean is off by the deviation over √n, mostly; four of those in one of a million
    const four = 4 / Math.sqrt(total);
    const apart = expected(d, apartAt);
    const deviation = Math.sqrt(expected(d, (tilt) => apartAt(tilt) ** 2) - apart ** 2);
    expect(Math.abs(drawn.apart - apart)).toBeLessThan(four * deviation);
    expect(Math.abs(drawn.tilt - chanceTilt(d))).toBeLessThan(four * chanceSd(d));
    expect(Math.abs(drawn.sd / chanceSd(d) - 1)).toBeLessThan(four);
    // χ² of the cells that are large enough for it: its mean is their number, its deviation √(2 · their number)
    let [squares, cells] = [0, 0];
    for (const [i, count] of drawn.counts.entries()) {
      const middle = drawn.low + (i + 0.5) * drawn.wide;
      const wanted = middle > 0 && middle < 180 ? total * drawn.wide * meanDensity(d, middle, drawn.wide) : 0;
      if (wanted < 5) continue;
      squares += (count - wanted) ** 2 / wanted;
      cells++;
    }
    expect(cells).toBeGreaterThan(15);
    expect(squares).toBeLessThan(cells + 4 * Math.sqrt(2 * cells));
    expect(drawn.counts.reduce((sum, count) => sum + count)).toBeGreaterThan(total - 3);
  });

  /** Over a cell, within 0 to 180°. */
  function meanDensity(d: number, middle: number, wide: number): number {
    const points = Array.from({ length: 21 }, (_, i) => middle + wide * ((i + 0.5) / 21 - 0.5));
    return points.reduce((sum, at) => sum + (at > 0 && at < 180 ? density(d, at) : 0), 0) / points.length;
  }

  it("are the same for the same d, and come by and by", () => {
    const all = [...drawDirections(4096, 64)];
    expect(all.map(({ rows }) => rows)).toEqual([16, 32, 48, 64]);
    expect([...drawDirections(4096, 64)]).toEqual(all);
    expect(draw(64).counts).not.toEqual(draw(65).counts);
  });
});

describe("the slider", () => {
  it("has every power of two and three times it, in order, a twelfth of an octave apart", () => {
    expect([steps[0], steps.at(-1)]).toEqual([3, 4096]);
    expect(anchors).toEqual([
      3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
    ]);
    for (const anchor of anchors) expect(steps).toContain(anchor);
    for (let i = 1; i < steps.length; i++) {
      expect(steps[i]).toBeGreaterThan(steps[i - 1]);
      if (steps[i] > 64) expect(steps[i] / steps[i - 1]).toBeLessThan(1.075);
    }
  });

  it("goes from anchor to anchor, and to the nearest d of an address", () => {
    expect([
      nextAnchor(768, 1),
      nextAnchor(768, -1),
      nextAnchor(700, 1),
      nextAnchor(3, -1),
      nextAnchor(4096, 1),
    ]).toEqual([1024, 512, 768, 3, 4096]);
    // 1000 lies between 961 and 1024
    expect(steps[indexOf(1000)]).toBe(1024);
    expect(["?d=128", "?x=1&d=4096", "?d=99999", "?d=2", "?d=1e3", "?d=-5", "?d=", ""].map(readD)).toEqual([
      128, 4096, 768, 3, 768, 768, 768, 768,
    ]);
  });

  it("leaves what others have in the address", () => {
    expect(withParameters("?x=1,2,3&d=5&step=2", ["d"], ["d=7"])).toBe("?d=7&x=1,2,3&step=2");
    expect(withParameters("?d=5", ["d"], [])).toBe("");
    expect(withParameters("", ["d"], ["d=7"])).toBe("?d=7");
    expect(withParameters("?dx=5", ["d"], [])).toBe("?dx=5");
  });
});

describe("the models", () => {
  it("are the encoders of docs/where-it-holds.md", () => {
    expect(given.map(({ name, states }) => [name, states.map(({ d }) => d).join(" ")])).toEqual([
      ["PP-OCRv4 text recogniser", "120 120 120 120 120"],
      ["openWakeWord hey_mycroft", "128 128"],
      ["openWakeWord hey_jarvis", "128 128"],
      ["openWakeWord hey_rhasspy", "32 32"],
    ]);
    for (const { states } of given) {
      for (const one of states) {
        expect(overChance(one)).toBeGreaterThan(1);
        expect(one.chance).toBeCloseTo(chanceTilt(one.d), 2);
      }
    }
  });

  it("say where real states lie: below chance, about it, above it", async () => {
    const report = await twinsReport();
    const twins = modelsOf(report, "sample", ({ norm }) => `${norm} twin`);
    expect(twins.map(({ trainedWith, states }) => [trainedWith, states.length])).toEqual([
      ["LayerNorm", 9],
      ["RMSNorm", 9],
    ]);
    expect(twins.map(ratios)).toEqual(["0.45–0.66", "0.94–1.17"]);
    expect(sentence([...twins, ...given])).toBe(
      "Real states: the LayerNorm twin’s lie below chance (0.45–0.66 times it); the RMSNorm twin’s lie on both sides of chance (0.94–1.17 times it); those of the encoders above chance (1.5–21 times it).",
    );
  });
});
