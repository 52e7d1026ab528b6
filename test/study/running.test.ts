// Models that run while they are measured: their figures are those of a file of the same states.
import { join } from "node:path";
import { openDisk } from "@orthonorm/files/node";
import { beforeAll, describe, expect, test } from "vitest";
import { toJson } from "../../study/src/report/json.js";
import type { RunningModel } from "../../study/src/running.js";
import { studySources, sumSources } from "../../study/src/study.js";
import { StudySums } from "../../study/src/sums.js";
import { normals } from "../support/random.js";
import { f32, folder, write } from "../support/study-runs.js";

const cols = 128;
/** More than a block of 4 MiB has. */
const rows = 9000;
const names = ["h.0.ln_1", "h.0.ln_2", "ln_f"];

/** Some long ones, some zeros, and one that comes again and again, among thousands of others. */
const states = names.map((_, site) => {
  const data = Float32Array.from(normals(rows * cols, 0.1 * site, 1, site + 1));
  for (let row = 0; row < rows; row += 11) data.copyWithin(row * cols, 0, cols);
  for (let row = 5; row < rows; row += 1000) data.subarray(row * cols, (row + 1) * cols).fill(0);
  for (let i = 7 * cols; i < 8 * cols; i++) data[i] *= 100;
  return data;
});
const vector = (mean: number, seed: number) => Float32Array.from(normals(cols, mean, 0.3, seed));
const parameters = names.map((_, site) => ({ weight: vector(1, 10 + site), bias: vector(0, 20 + site) }));

/** Hands over a few rows of each site in turn, as a model does. */
function model({ stopAt = rows, name = "model" } = {}): RunningModel {
  return {
    name,
    sources: [{ name, bytes: null }],
    norm: "LayerNorm",
    eps: 1e-6,
    sites: names.map((site, at) => ({ name: site, cols, rowsPerToken: 1, ...parameters[at], weightOffset: 0 })),
    tokens: rows,
    async run(take, signal) {
      for (let from = 0; from < Math.min(rows, stopAt) && !signal?.aborted; from += 37) {
        for (const [site, data] of states.entries()) {
          const portion = data.slice(from * cols, Math.min(from + 37, stopAt, rows) * cols);
          take(site, portion);
          // The model goes on to write over its rows.
          portion.fill(Number.NaN);
        }
        if (from % 3700 === 0) await new Promise((resolve) => setTimeout(resolve));
      }
    },
  };
}

/** The figures without where they come from. */
function bare(json: string): object[] {
  return JSON.parse(json).sites.map((site: Record<string, unknown>) => {
    const { source, model, normFrom, affine, ...figures } = site;
    const { offset, ...named } = affine as Record<string, unknown>;
    return { ...figures, affine: named };
  });
}

describe("a running model", () => {
  const options = { withSpeed: false };
  let direct: string;
  beforeAll(async () => {
    direct = toJson(await studySources([], { ...options, running: [model()] }));
  });

  async function byFile(read = rows): Promise<string> {
    const part = states.map((data, site) => [names[site], f32(read, cols, data.subarray(0, read * cols))] as const);
    const file = write("states.safetensors", Object.fromEntries(part));
    const weights = write(
      "weights.safetensors",
      Object.fromEntries(
        parameters.flatMap(({ weight, bias }, site) => [
          [`${names[site]}.weight`, { dtype: "F32", shape: [cols], data: weight }],
          [`${names[site]}.bias`, { dtype: "F32", shape: [cols], data: bias }],
        ]),
      ),
    );
    const sources = await Promise.all([file, weights].map((name) => openDisk(join(folder, name))));
    const [of, with_] = sources;
    return toJson(await studySources([of], { ...options, eps: 1e-6, weights: [with_] }));
  }

  test("has the figures of a file of its states, to the last bit", async () => {
    expect(JSON.parse(direct)).toMatchObject({ eps: 1e-6, complete: true, skipped: [] });
    expect(bare(direct)).toEqual(bare(await byFile()));
    const [first] = JSON.parse(direct).sites;
    expect(first).toMatchObject({ trainedWith: "LayerNorm", normFrom: "the model", rows, read: rows, dtype: "F32" });
    expect(first.affine).toMatchObject({ weight: "h.0.ln_1.weight", offset: { value: 0, from: "the model" } });
    expect(first.apart.massive).toBe(1);
    expect(first.apart.repeated).toBeGreaterThan(700);
    expect(first.excluded.zero).toBeGreaterThan(5);
  });

  test("is measured before files, its rows told as they come", async () => {
    const told: [string, number][] = [];
    const file = write("beside.safetensors", { other: f32(3, cols, states[0].subarray(0, 3 * cols)) });
    const sums = await sumSources([await openDisk(join(folder, file))], {
      ...options,
      running: [model()],
      progress: (what, share) => told.push([what, share]),
    });
    expect(sums.groups.map(({ name, size }) => [name.split("/").at(-1), size])).toEqual([
      ["model", 3],
      ["beside.safetensors", 1],
    ]);
    const [[first, share], ...others] = told;
    expect(first).toBe(`model 37 of ${rows} tokens`);
    expect(share).toBeCloseTo(37 / rows, 3);
    expect(others.at(-1)?.[1]).toBe(1);
    expect(told.every(([, now], at) => at === 0 || now >= told[at - 1][1])).toBe(true);
  });

  test("that ends early is measured until there, and says so", async () => {
    const report = await studySources([], { ...options, running: [model({ stopAt: 8500 })] });
    const json = toJson(report);
    expect(report.complete).toBe(false);
    expect(report.groups[0].sites.map((site) => [site.rows, site.read])).toEqual(names.map(() => [rows, 8500]));
    const whole = bare(await byFile(8500)).map((site) => ({ ...site, rows }));
    expect(bare(json)).toEqual(whole);
  });

  test("and a second one is not begun after a stop", async () => {
    const stop = new AbortController();
    const first = model({ name: "first" });
    const stopping: RunningModel = {
      ...first,
      run: async (take, signal) => {
        await first.run((site, values) => {
          take(site, values);
          if (site === 2) stop.abort();
        }, signal);
      },
    };
    const running = [stopping, model({ name: "second" })];
    const report = await studySources([], { ...options, running, signal: stop.signal });
    expect(report.complete).toBe(false);
    expect(report.groups.map(({ label, sites }) => [label, sites[0].read])).toEqual([["first", 37]]);
  });

  test("takes --sites, --eps and --norm as files do", async () => {
    const some = await studySources([], {
      ...options,
      running: [model()],
      sites: (name) => name === "ln_f",
      eps: 0.5,
      norm: "RMSNorm",
    });
    expect(some.groups).toMatchObject([{ norm: "RMSNorm", normFrom: "--norm", sites: [{ site: "ln_f", eps: 0.5 }] }]);
    const none = studySources([], { ...options, running: [model()], sites: (name) => name === "nothing" });
    await expect(none).rejects.toThrow(
      "model expected a norm of a name that --sites wants, got h.0.ln_1, h.0.ln_2, ln_f",
    );
  });

  test("is saved and merged like a file; a part of --pool is one model", async () => {
    const save = async (stopAt: number) => {
      const sums = await sumSources([], { ...options, running: [model({ stopAt })], pool: "pooled" });
      return StudySums.parse(await sums.save());
    };
    const all = await save(4000);
    all.addAll(await save(5000));
    expect(all.report().groups).toMatchObject([
      { label: "pooled", sites: names.map((site) => ({ site, read: 9000 })) },
    ]);
    const two = sumSources([], { ...options, running: [model(), model()], pool: "pooled" });
    await expect(two).rejects.toThrow("--pool expected one model that is run, and nothing beside it, got 2");
  });
});
