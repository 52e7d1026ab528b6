// The study of real models: the project's own twins, and language models where their states are at hand.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { piecesOf } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { beforeAll, describe, expect, test } from "vitest";
import { chanceTilt } from "../../study/src/measure/null-model.js";
import { range } from "../../study/src/text.js";
import { sharedReference } from "../support/shared.js";
import { average, type Figures, figures, folder, orthonorm, root, type Seven, twins } from "../support/study-runs.js";

const own = ["ln", "rms"].map((name) => join(twins, name, "states.safetensors"));
const weights = ["ln", "rms"].flatMap((name) => ["--weights", join(twins, name, "model.safetensors")]);

describe("the twins' saved states", () => {
  let found: Figures;
  beforeAll(() => {
    found = figures(...own, ...weights);
  });
  const sitesOf = (norm: string) =>
    found.sites.filter(({ source }) => source === join(twins, norm, "states.safetensors"));

  test("the JSON has the promised names with finite numbers under them", () => {
    expect(found.engine).toEqual({ variant: expect.stringMatching(/^\w+$/) });
    expect(found.sites).toHaveLength(18);
    for (const site of found.sites) {
      expect(Object.keys(site)).toEqual(
        expect.arrayContaining("source site rows cols angle deviation null dCos2 norm swapError".split(" ")),
      );
      expect(Object.keys(site.angle).sort()).toEqual("max mean median min q1 q3 sd".split(" "));
      const { angle, deviation, null: chance, dCos2, norm, swapError } = site;
      for (const group of [angle, deviation, chance, dCos2, norm, [swapError.mean, swapError.max]]) {
        for (const value of Object.values(group)) expect(value).toBeTypeOf("number");
      }
      expect([site.rows, site.cols]).toEqual([256, 128]);
      expect([angle.min, angle.q1, angle.median, angle.q3, angle.max]).toEqual(
        [angle.min, angle.q1, angle.median, angle.q3, angle.max].sort((a, b) => a - b),
      );
      expect(chance.sd).toBeCloseTo(5.084125759, 9);
    }
  });

  // The README beside the states holds what its author measured, without this engine.
  const readme = readFileSync(join(twins, "README"), "utf8");
  const printed = (label: string, norm: string): string[] => {
    const text = readme.slice(readme.indexOf(`  ${label}`));
    return (new RegExp(`\\b${norm} +([\\d. ]*\\d)`).exec(text)?.[1] ?? "").split(" ");
  };

  test.each(["ln", "rms"])("%s: the sites in order, and every digit of the README", (norm) => {
    const sites = sitesOf(norm);
    const names = [
      "h.0.ln_1",
      "h.0.ln_2",
      "h.1.ln_1",
      "h.1.ln_2",
      "h.2.ln_1",
      "h.2.ln_2",
      "h.3.ln_1",
      "h.3.ln_2",
      "ln_f",
    ];
    expect(sites.map(({ site }) => site)).toEqual(names);
    expect(sites.map(({ angle }) => angle.mean.toFixed(2))).toEqual(printed("mean angle", norm));
    expect(sites.map(({ deviation }) => deviation.mean.toFixed(2))).toEqual(printed("mean |90−θ|", norm));
    expect(sites.map(({ dCos2 }) => dCos2.mean.toFixed(3))).toEqual(printed("d·cos²θ", norm));
  });

  test("swapping the norms costs what the angle predicts, and the engine keeps to the oracle", () => {
    for (const { swapError, deviation, error } of found.sites) {
      // 2 sin(|90° − θ|/2) a row, up to eps: on the mean close to the mean deviation in radians.
      expect(swapError.mean / ((deviation.mean * Math.PI) / 180)).toBeCloseTo(1, 2);
      expect(error.max).toBeLessThan(5e-7);
      expect(error.rows).toBeGreaterThan(200);
    }
  });

  test("what the norms do: LayerNorm's own rotation is |90° − θ|, RMSNorm has none, weight and bias do the rest", () => {
    for (const { trainedWith, deviation, norm, projected, standardized, scaled, rotation, sample } of found.sites) {
      expect(rotation.standardization).toEqual(
        trainedWith === "LayerNorm" ? deviation : expect.objectContaining({ mean: 0, max: 0 }),
      );
      if (trainedWith === "RMSNorm") expect(projected).toEqual(norm);
      else expect(projected.mean).toBeLessThan(norm.mean);
      expect(standardized.max).toBeLessThanOrEqual(Math.sqrt(128));
      expect(standardized.min).toBeGreaterThan(0.99 * Math.sqrt(128));
      expect((scaled as Seven).median).toBeGreaterThan(10);
      expect((rotation.affine as Seven).median).toBeGreaterThan(1);
      expect((rotation.total as Seven).median).toBeGreaterThan(0.9 * (rotation.affine as Seven).median);
      expect(sample.swap.mean / sample.swap.predicted.mean).toBeCloseTo(1, 2);
      expect(sample.identityError).toBeLessThan(1e-6);
      expect(sample.inverseError).toBeLessThan(1e-6);
      expect(sample.recovered?.batchNorm).toBeCloseTo(1, 12);
      expect(sample.recovered?.layerNorm).toBeLessThan(0.9999);
    }
    // Trained with LayerNorm the states avoid the uniform direction more than any of 99 random ones, with RMSNorm they do not.
    const lower = (norm: string) => sitesOf(norm).map(({ sample }) => sample.uniformRank.lower);
    expect(Math.max(...lower("ln"))).toBe(0);
    expect(average(lower("rms"))).toBeGreaterThan(20);
  });

  test("the table: one line per site, points aligned, at most 100 characters, the finding under it", () => {
    const { status, stdout, stderr } = orthonorm(["study", ...own, ...weights]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).not.toContain("\u001b");

    const all = lines.filter((line) => /^ {2}(h\.\d\.ln_\d|ln_f) /.test(line));
    expect(all).toHaveLength(54);
    const rows = all.slice(0, 18);
    const columnsOfPoints = rows.map((row) => [...row.slice(14).matchAll(/\./g)].map(({ index }) => index).join());
    expect(new Set(columnsOfPoints).size).toBe(1);
    const first = sitesOf("ln")[0];
    const cells = ["256 × 128", first.angle.mean, first.angle.sd, first.deviation.mean, chanceTilt(128)];
    for (const cell of cells) expect(rows[0]).toContain(typeof cell === "string" ? cell : cell.toFixed(2));

    const text = stdout.replace(/\s+/g, " ");
    const deviations = (norm: string) =>
      range(
        sitesOf(norm).map(({ deviation }) => deviation.mean),
        2,
      );
    expect(text).toContain(
      `The states of ln/states, trained with LayerNorm, lie ${deviations("ln")}° from orthogonal to the uniform vector (mean |90°−θ|), ` +
        "at 7 of 9 sites closer than the 4.06° of random directions (0.45–0.52 times as far, 95 % intervals within 0.22–0.99); " +
        `those of rms/states, trained with RMSNorm, lie ${deviations("rms")}° from it, ` +
        "at 7 of 9 sites as far as chance (0.94–1.17 times as far, 90 % intervals within 0.68–1.48). " +
        "No verdict at h.0.ln_1, h.0.ln_2 of ln/states and rms/states (0.55–1.17 times chance): 256 rows as alike as these",
    );
    expect([deviations("ln"), deviations("rms")]).toEqual(["1.82–2.68", "3.81–4.76"]);
    expect(text).toContain("Their angle is 90° with sd 5.08° at d = 128, near 57.3°/√d, their mean d·cos²θ 1.");
    // in the report's unit, a share of the error itself
    expect(text).toMatch(/and so much when both are run \(to within 0\.\d+ % of it\)/);
    expect(text).toMatch(
      /Speed: 256 × 128 f32, resident, by the engine \(\w+\): LayerNorm [\d.]+ µs, RMSNorm [\d.]+ µs; LayerNorm in plain/,
    );
  });
});

describe("the twins as they run", () => {
  const page = (name: string) => readFileSync(join(root, name), "utf8");

  test("without FILE: closer than chance and as far as chance, in the words of README", () => {
    const { status, stdout, stderr } = orthonorm(["study", "--json", "live.json", "--html", "live.html"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { sites, complete } = JSON.parse(readFileSync(join(folder, "live.json"), "utf8")) as Figures;
    const text = "study/data/twins/held-out.txt";
    const rows = page(text).length;
    expect([complete, sites.length]).toEqual([true, 18]);
    for (const [at, { source, trainedWith, verdict, read }] of sites.entries()) {
      const name = at < 9 ? "ln" : "rms";
      expect(source).toBe(`study/data/twins/${name}/model.safetensors, ${text}`);
      expect(trainedWith).toBe(name === "ln" ? "LayerNorm" : "RMSNorm");
      expect(verdict.claim).toBe(name === "ln" ? "closer" : "asFar");
      expect(read).toBe(rows);
    }
    const quoted = page("README.md").matchAll(/(?:^> .*\n)+/gm);
    const findings = [...quoted].map(([quote]) => quote.replace(/^> /gm, "").replace(/\s+/g, " ").trim());
    expect(findings).toHaveLength(1);
    expect(stdout.replace(/\s+/g, " ")).toContain(findings[0]);
    expect(readFileSync(join(folder, "live.html"), "utf8")).toContain(text);
  });

  test("RMSNorm in LayerNorm's place has the losses that README and docs/study.md print", async () => {
    const { model, tokenizer } = await openTransformer(join(twins, "ln/model.safetensors"));
    const pieces = piecesOf(model, await tokenizer(), page("study/data/twins/held-out.txt"));
    const losses = [undefined, "RMSNorm" as const].map((norm) => {
      let [sum, count] = [0, 0];
      for (const ids of pieces) {
        const run = model.begin({ norm });
        const logits = run.forward(ids, { logits: "all" });
        run.dispose();
        for (let at = 0; at + 1 < ids.length; at++, count++) {
          const row = logits.subarray(at * model.vocabulary, (at + 1) * model.vocabulary);
          sum += Math.log(row.reduce((total, value) => total + Math.exp(value), 0)) - row[ids[at + 1]];
        }
      }
      return (sum / count).toFixed(4);
    });
    model.engine.dispose();
    expect(page("README.md")).toContain(`its loss on that text from ${losses[0]} to ${losses[1]}\nnats a character`);
    expect(page("docs/study.md")).toMatch(new RegExp(`^ {2}all at once .* loss ${losses[0]} → ${losses[1]}$`, "m"));
  });
});

const real = sharedReference === null ? "(not run: ../shared/data/reference is not there)" : "";

describe.runIf(sharedReference !== null)(`real language models ${real}`, () => {
  test("GPT-2 blocks 7–11 stand at 89.67, 89.52, 89.28, 88.63, 90.20 degrees", () => {
    const { sites } = figures(join(sharedReference as string, "hidden-gpt2-small/raw_blocks_7_11.safetensors"));
    expect(sites.map(({ site }) => site)).toEqual([7, 8, 9, 10, 11].map((block) => `block_${block}_out`));
    expect(sites.map(({ angle }) => angle.mean.toFixed(2))).toEqual(["89.67", "89.52", "89.28", "88.63", "90.20"]);
    expect(sites.map(({ dCos2 }) => dCos2.mean.toFixed(2))).toEqual(["0.04", "0.06", "0.13", "0.44", "0.03"]);
    for (const { swapError } of sites) {
      expect(swapError.mean).toBeGreaterThan(0.0045);
      expect(swapError.mean).toBeLessThan(0.0245);
    }
  });

  test("Qwen's layer 12: 280 rows, 220 massive ones apart, its integer tensor named as skipped", () => {
    const file = join(sharedReference as string, "hidden-qwen2.5-0.5b/layer12.safetensors");
    const { sites, skipped } = figures(file, "--norm", "rmsnorm");
    const [{ angle, deviation, dCos2, counted, apart, norm, massive }] = sites;
    expect(sites).toHaveLength(1);
    expect([counted, apart]).toEqual([280, { massive: 220, repeated: 0 }]);
    expect([angle.mean.toFixed(2), deviation.mean.toFixed(2), dCos2.mean.toFixed(2)]).toEqual([
      "89.16",
      "1.28",
      "0.67",
    ]);
    expect(norm.max).toBeLessThan(23);
    expect(massive?.angle.mean.toFixed(2)).toBe("87.57");
    expect(massive?.angle.sd.toFixed(2)).toBe("0.02");
    expect([massive?.deviation.mean.toFixed(2), massive?.dCos2.mean.toFixed(2)]).toEqual(["2.43", "1.61"]);
    expect(massive?.norm.min).toBeGreaterThan(1400);
    expect(skipped).toEqual([
      expect.objectContaining({ tensor: "token_counts", reason: expect.stringContaining("I64") }),
    ]);
  });
});
