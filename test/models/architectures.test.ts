// Every architecture of the table, on a small model with random weights in its own files, against a forward pass in plain f64.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { architectures, type Transformer } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, describe, expect, it } from "vitest";
import { cases, randomCase } from "../support/models/cases.js";
import { llama2cFile, random, shapesOf, writeModel } from "../support/models/checkpoints.js";
import { llama2c, type Passed } from "../support/models/forwards.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-models-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 23 tokens, and so a prefill of several rows and steps of one. */
const ids = Array.from({ length: 23 }, (_, i) => (7 * i * i + 3 * i + 1) % 29);

/** Of the largest logit. A projection of 100 columns may be off by 2·√100·2⁻²⁴, 1.2e-6, and a token passes eight of them in a row. */
const bound = 1e-5;

function furthest(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(got.length).toBe(wanted.length);
  const largest = Array.from(wanted).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Array.from(wanted).reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0) / largest;
}

/** All at once, and again in pieces: some tokens, then one by one. */
function expectForward(model: Transformer, wanted: Passed, most = bound): void {
  const last: number[] = [];
  const run = model.begin();
  const logits = run.forward(ids, {
    logits: "all",
    onNorm: ({ name }, rows) => {
      if (name === model.sites[model.sites.length - 1].name) last.push(...rows.toArray());
    },
  });
  run.dispose();
  expect(
    furthest(
      logits,
      wanted.logits.flatMap((row) => Array.from(row)),
    ),
  ).toBeLessThan(most);
  expect(
    furthest(
      last,
      wanted.last.flatMap((row) => Array.from(row)),
    ),
  ).toBeLessThan(most);

  const stepping = model.begin();
  expect(furthest(stepping.forward(ids.slice(0, 6)), wanted.logits[5])).toBeLessThan(most);
  for (let at = 6; at < ids.length; at++) {
    expect(furthest(stepping.forward([ids[at]]), wanted.logits[at]), `token ${at}`).toBeLessThan(most);
  }
  stepping.dispose();
}

describe("an architecture runs as its own forward pass says", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const made = randomCase(one);
    const path = await writeModel(join(folder, name.replaceAll(/\W/g, "-")), one.config, made.tensors);
    const { model } = await openTransformer(path);
    expectForward(model, one.forward(made)(one.config, made.t, ids));
    model.engine.dispose();
  });

  it.each([true, false])("llama2.c, head tied: %s", async (tied) => {
    const config = { dim: 24, hidden: 40, layers: 2, heads: 4, keyHeads: 2, vocabulary: 29, positions: 64, tied };
    const made = random(
      shapesOf(
        2,
        (layer) => {
          const w = (kind: string, ...shape: number[]) => ({ [`layers.${layer}.${kind}.weight`]: shape });
          return {
            ...w("attention_norm", 24),
            ...w("attention.wq", 24, 24),
            ...w("attention.wk", 12, 24),
            ...w("attention.wv", 12, 24),
            ...w("attention.wo", 24, 24),
            ...w("ffn_norm", 24),
            ...w("feed_forward.w1", 40, 24),
            ...w("feed_forward.w2", 24, 40),
            ...w("feed_forward.w3", 40, 24),
          };
        },
        {
          "tok_embeddings.weight": [29, 24],
          "norm.weight": [24],
          ...(tied ? {} : { "output.weight": [29, 24] }),
        },
      ),
    );
    const path = join(folder, `tied-${tied}.bin`);
    writeFileSync(path, llama2cFile(config, made));
    const { model } = await openTransformer(path);
    expectForward(model, llama2c(config, made.t, ids));
    model.engine.dispose();
  });

  it("each of the table has been run here, or in twins.test.ts and reference.test.ts", () => {
    const elsewhere = ["llama2.c", "makemore", "layernorm-twin", "rmsnorm-twin"];
    const run = new Set([...cases.map(({ config }) => config.model_type), ...elsewhere]);
    expect([...run].sort()).toEqual(architectures.map(({ name }) => name).sort());
  });
});

describe("a long text", () => {
  it("is the same at once, in two prefills, and token by token while the cache grows", async () => {
    const one = cases.find(({ name }) => name === "llama") as (typeof cases)[number];
    const made = randomCase(one);
    const path = await writeModel(join(folder, "long"), { ...one.config, max_position_embeddings: 200 }, made.tensors);
    const { model } = await openTransformer(path);
    // Beyond 64 and 128 tokens the cache is made anew, and 128 is the most that go through the model at a time.
    const long = Array.from({ length: 150 }, (_, i) => (5 * i * i + i) % 29);
    const wanted = one.forward(made)(one.config, made.t, long).logits;
    const atOnce = model.begin();
    const all = atOnce.forward(long, { logits: "all" });
    expect(
      furthest(
        all,
        wanted.flatMap((row) => Array.from(row)),
      ),
    ).toBeLessThan(bound);
    const stepping = model.begin();
    for (const [at, id] of long.entries()) {
      expect(furthest(stepping.forward([id]), wanted[at]), `token ${at}`).toBeLessThan(bound);
    }
    model.engine.dispose();
  });
});

describe("weights", () => {
  const [first] = cases;

  it("lie in shards as in one file", async () => {
    const made = randomCase(first);
    const path = await writeModel(join(folder, "shards"), first.config, made.tensors, 20000);
    const { model } = await openTransformer(path);
    expectForward(model, first.forward(made)(first.config, made.t, ids));
    model.engine.dispose();
  });

  it.each(["BF16", "F16"] as const)("of %s are the same numbers where they are kept as f32", async (dtype) => {
    const made = randomCase({ ...first, dtype });
    const path = await writeModel(join(folder, `f32-${dtype}`), first.config, made.tensors);
    const { model } = await openTransformer(path, { weights: "f32" });
    expectForward(model, first.forward(made)(first.config, made.t, ids));
    model.engine.dispose();
  });

  it("as whole numbers of 8 bits are off by what 8 bits are", async () => {
    const made = randomCase(first);
    const path = await writeModel(join(folder, "int8"), first.config, made.tensors);
    const { model } = await openTransformer(path, { weights: "int8" });
    const wanted = first.forward(made)(first.config, made.t, ids);
    // A weight is off by 1/254 of its row's largest at most: some 1/500 of the sum, in eight projections one after another.
    expectForward(model, wanted, 0.04);
    const run = model.begin();
    expect(furthest(run.forward(ids), wanted.logits[ids.length - 1])).toBeGreaterThan(1e-4);
    model.engine.dispose();
  });

  it("are all of what a model leaves in its engine's memory", async () => {
    const made = randomCase(first);
    const path = await writeModel(join(folder, "memory"), first.config, made.tensors);
    const { model } = await openTransformer(path);
    const before = model.engine.bytesInUse;
    const run = model.begin();
    run.forward(ids);
    run.forward([1]);
    expect(model.engine.bytesInUse).toBeGreaterThan(before);
    run.dispose();
    expect(model.engine.bytesInUse).toBe(before);
    model.engine.dispose();
  });
});
