// Rows that repeat: one start token's state among others, at every site of a model, in one run and in parts.

import { join } from "node:path";
import { openDisk } from "@orthonorm/files/node";
import { describe, expect, test } from "vitest";
import { sumSources } from "../../study/src/study.js";
import { StudySums } from "../../study/src/sums.js";
import type { Site } from "../../study/src/types.js";
import { normals } from "../support/random.js";
import { f32, folder, write } from "../support/study-runs.js";

const cols = 24;
const options = { eps: 1e-5, withSpeed: false, pool: "m" };

/** Rows of which those at `where` are one vector. */
function rowsWith(rows: number, where: (row: number) => boolean, seed: number): Float32Array {
  const data = Float32Array.from(normals(rows * cols, 0.1, 1, seed));
  const first = Array.from({ length: rows }, (_, row) => row).find(where) ?? 0;
  for (let row = first + 1; row < rows; row++) {
    if (where(row)) data.copyWithin(row * cols, first * cols, (first + 1) * cols);
  }
  return data;
}

async function sumsOf(name: string, sites: Record<string, Float32Array>) {
  write(
    name,
    Object.fromEntries(Object.entries(sites).map(([site, data]) => [site, f32(data.length / cols, cols, data)])),
  );
  return sumSources([await openDisk(join(folder, name))], options);
}

const sitesOf = async (name: string, sites: Record<string, Float32Array>): Promise<Site[]> =>
  (await sumsOf(name, sites)).report().groups[0].sites;

/** The figures that merge. */
const merging = ({ sample: _, tokens: _t, ...site }: Site) => site;

describe("a start token's state", () => {
  const rows = 6000;
  // The first token of each text, 14.3 % of the rows.
  const isStart = (row: number) => row % 7 === 0;
  const copies = Math.ceil(rows / 7) - 1;
  const nine = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`h.${at}`, rowsWith(rows, isStart, at + 1)]));

  test("of 14 % of the rows counts once at all nine sites, and figures are those without its copies", async () => {
    const sites = await sitesOf("nine.safetensors", nine);
    for (const [at, site] of sites.entries()) {
      expect(site).toMatchObject({
        repeatedExactly: true,
        repeatsKnown: false,
        apart: { repeated: copies, massive: 0 },
      });
      expect(site.mostRepeated).toMatchObject({ count: copies + 1, exact: true });
      expect(site.repeatedShare).toBeCloseTo(copies / rows, 9);
      expect(site.ordinary.rows).toBe(rows - copies);
      if (at > 0) continue;
      const kept = Array.from({ length: rows }, (_, row) => row).filter((row) => row === 0 || !isStart(row));
      const without = kept.flatMap((row) => [...nine["h.0"].subarray(row * cols, (row + 1) * cols)]);
      const [alone] = await sitesOf("without.safetensors", { "h.0": Float32Array.from(without) });
      expect(site.ordinary).toEqual(alone.ordinary);
    }
  });

  test("in parts, saved and merged, gives what one run gives, to the last bit", async () => {
    const cut = (from: number, to: number) =>
      Object.fromEntries(Object.entries(nine).map(([site, data]) => [site, data.slice(from * cols, to * cols)]));
    const whole = (await sumsOf("whole.safetensors", nine)).report().groups[0].sites.map(merging);
    const parts = [await sumsOf("a.safetensors", cut(0, 2500)), await sumsOf("b.safetensors", cut(2500, rows))];
    const texts = await Promise.all(parts.map((part) => part.save()));
    for (const [first, second] of [texts, texts.slice().reverse()]) {
      const merged = await StudySums.parse(first);
      merged.addAll(await StudySums.parse(second));
      expect(merged.report().groups[0].sites.map(merging)).toEqual(whole);
    }
  });
});

test("sites whose sums are let go at once have the figures of those whose sums are kept", async () => {
  // Of 3 % and of 4 %, which count once where another site has one of 5 %: with and without such a site, before or after them.
  const states = {
    a: rowsWith(1000, (row) => row % 100 < 3, 1),
    b: rowsWith(1000, (row) => row % 100 < 6, 2),
    c: rowsWith(1000, (row) => row % 100 < 4, 3),
    d: rowsWith(40, () => false, 4),
    none: new Float32Array(8 * cols),
  };
  const { b: _, ...without } = states;
  for (const [name, sites] of Object.entries({ states, without })) {
    write(
      `${name}.safetensors`,
      Object.fromEntries(Object.entries(sites).map(([site, data]) => [site, f32(data.length / cols, cols, data)])),
    );
    const [kept, letGo] = await Promise.all(
      [true, false].map(
        async (merges) =>
          await sumSources([await openDisk(join(folder, `${name}.safetensors`))], { ...options, pool: null, merges }),
      ),
    );
    expect(letGo.report()).toEqual(kept.report());
    await expect(letGo.save()).rejects.toThrow("save expected the sums of all sites, got figures of some");
    expect((await kept.save()).length).toBeGreaterThan(1000);
    expect(kept.report().groups[0].sites.map(({ apart }) => apart.repeated)).toEqual(
      name === "states" ? [29, 59, 39, 0] : [0, 0, 0],
    );
  }
});

describe("what counts once", () => {
  const share = (percent: number) => (row: number) => row % 1000 < 10 * percent;

  test("is decided for all sites of a model: 5 % at one, 2.5 % at the others", async () => {
    const rows = 4000;
    const early = rowsWith(rows, share(6), 1);
    const late = rowsWith(rows, share(4), 2);
    const less = rowsWith(rows, share(2), 3);
    const repeated = (sites: Site[]) => sites.map(({ apart }) => apart.repeated);
    expect(repeated(await sitesOf("rule.safetensors", { "h.0": early, "h.1": late, "h.2": less }))).toEqual([
      239, 159, 0,
    ]);
    expect(repeated(await sitesOf("rule.safetensors", { "h.1": late, "h.2": less }))).toEqual([0, 0]);
    expect(repeated(await sitesOf("rule.safetensors", { "h.0": early }))).toEqual([239]);
  });

  test("is so many at least, where a vector comes after more distinct rows than are kept", async () => {
    const rows = 30_000;
    const [site] = await sitesOf("late.safetensors", {
      "h.0": rowsWith(rows, (row) => row >= 20_000 && row % 4 === 0, 1),
    });
    expect(site.repeatedExactly).toBe(false);
    expect(site.mostRepeated).toMatchObject({ exact: false });
    const { repeated } = site.apart;
    // Of 2500 it may have missed one in 513 of the rows before.
    expect(repeated).toBeLessThanOrEqual(2499);
    expect(repeated).toBeGreaterThanOrEqual(2499 - Math.floor(rows / 513));
    expect(site.ordinary.rows).toBe(rows - repeated);
  });

  test("is no row that has few copies by chance: fewer than three in a small site", async () => {
    const [two, three] = await Promise.all(
      [2, 3].map((times) => sitesOf(`few-${times}.safetensors`, { "h.0": rowsWith(20, (row) => row < times, 1) })),
    );
    expect([two[0].apart.repeated, three[0].apart.repeated]).toEqual([0, 2]);
    expect(two[0]).toMatchObject({ repeatsKnown: true, repeatedShare: 0.05, mostRepeated: { count: 2, exact: true } });
  });
});
