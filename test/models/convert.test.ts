// A LayerNorm model converted is the same model with RMSNorm: in f64 to 1e-10, and on the engine to f32.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@orthonorm/files/node";
import { Comparison } from "@orthonorm/models";
import { convertModel, openTransformer } from "@orthonorm/models/node";
import { afterAll, describe, expect, it } from "vitest";
import { toBits } from "../../bindings/reference/round.js";
import { type Case, cases, characterCases, randomCase } from "../support/models/cases.js";
import { plainTensors, type Random, type Stored, writeModel } from "../support/models/checkpoints.js";
import type { Config, Passed, Tensors } from "../support/models/forwards.js";
import type { Vector } from "../support/models/plain.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = Array.from({ length: 23 }, (_, i) => (7 * i * i + 3 * i + 1) % 29);
const layerNormTypes = ["gpt2", "gpt_neo", "gpt_neox", "opt"];
const [gpt2] = cases;

const named = (type: string) => cases.find(({ config }) => config.model_type === type) as Case;

/** With another setting, and without the tensors that a model of that setting does not have. */
function variant(type: string, field: string, value: boolean, absent: RegExp): Case {
  const one = named(type);
  const shapes = Object.fromEntries(Object.entries(one.shapes).filter(([name]) => !absent.test(name)));
  return { ...one, name: `${one.name}, ${field} ${value}`, config: { ...one.config, [field]: value }, shapes };
}

const hubCases: readonly Case[] = [
  ...cases.filter(({ config, dtype }) => layerNormTypes.includes(config.model_type) && dtype === undefined),
  variant("gpt_neox", "tie_word_embeddings", true, /embed_out/),
  variant("gpt_neox", "attention_bias", false, /attention\.(query_key_value|dense)\.bias$/),
  variant("opt", "enable_bias", false, /(proj|fc1|fc2)\.bias$/),
];

interface Written {
  path: string;
  made: Random;
}

let count = 0;
async function write(one: Case, dtype: Stored): Promise<Written> {
  const made = randomCase({ ...one, dtype });
  const path = join(folder, `model-${count++}`);
  if (one.config.model_type !== undefined) return { made, path: await writeModel(path, one.config, made.tensors) };
  const vocab = JSON.stringify(Array.from({ length: 29 }, (_, i) => String.fromCharCode(65 + i)));
  const metadata = Object.fromEntries(
    Object.entries({ ...one.config, vocab }).map(([key, value]) => [key, `${value}`]),
  );
  await writeSafetensors(`${path}.safetensors`, made.tensors, { metadata });
  return { made, path: `${path}.safetensors` };
}

const ending = (path: string) => (path.endsWith(".safetensors") ? ".safetensors" : "");

/** What the configuration of a converted model says, wherever it is. */
async function configOf(one: Case, out: string): Promise<Config> {
  if (!out.endsWith(".safetensors")) return JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
  const { norm, norm_folded } = (await plainTensors(out)).metadata;
  return { ...one.config, norm, norm_folded: norm_folded === "true" };
}

/** Biases that a model does not have are zeros. */
const orZeros = (t: Tensors, has: (name: string) => boolean, width: (name: string) => number): Tensors => {
  return (name) => {
    if (has(name) || !name.endsWith(".bias")) return t(name);
    const length = width(name);
    return { shape: [length], data: new Float64Array(length) };
  };
};

function forwardOf(one: Case, made: Random, config: Config, t: Tensors, has: (name: string) => boolean): Passed {
  const outs = (name: string) => t(name.replace(/bias$/, "weight")).shape[0];
  return one.forward(made)(config, orZeros(t, has, outs), ids);
}

function furthest(a: readonly Vector[], b: readonly Vector[]): number {
  expect(b).toHaveLength(a.length);
  return Math.max(...a.flatMap((row, i) => Array.from(row, (value, j) => Math.abs(value - b[i][j]))));
}

/** The largest |mean|/RMS. */
const meanOf = (rows: readonly Vector[]) =>
  Math.max(
    ...rows.map((row) => {
      const sum = row.reduce((a, b) => a + b, 0);
      return Math.abs(sum) / Math.sqrt(row.length * row.reduce((a, b) => a + b * b, 0));
    }),
  );

describe.each([false, true])("converted, folded: %s", (fold) => {
  it.each([...hubCases, ...characterCases].map((one) => [one.name, one] as const))(
    "%s is the same in f64",
    async (_, one) => {
      const { path, made } = await write(one, "F64");
      const own = forwardOf(one, made, one.config, made.t, made.has);
      const out = `${path}-converted${ending(path)}`;
      await convertModel(path, out, { fold });
      const config = await configOf(one, out);
      expect([config.norm, config.norm_folded]).toEqual(["RMSNorm", fold]);
      const { t, has } = await plainTensors(out);
      const converted = forwardOf(one, made, config, t, has);
      expect(furthest(own.logits, converted.logits)).toBeLessThan(1e-10);
      expect(meanOf(converted.last)).toBeLessThan(1e-12);
      expect([...Object.keys(one.shapes)].some((name) => /ln_|norm/.test(name) && has(name))).toBe(!fold);
      // LayerNorm of a centered stream is RMSNorm: whoever reads the files as those of the architecture has the same model.
      if (!fold) {
        const { norm: _, norm_folded: __, ...plain } = config;
        const asBefore = one.config.norm === undefined ? plain : { ...plain, norm: one.config.norm };
        expect(furthest(own.logits, forwardOf(one, made, asBefore, t, has).logits)).toBeLessThan(1e-10);
      }
      // RMSNorm alone, with nothing centered, is another model.
      expect(meanOf(own.last)).toBeGreaterThan(0.1);
      const naive = forwardOf(one, made, { ...one.config, norm: "RMSNorm", norm_folded: false }, made.t, made.has);
      expect(furthest(own.logits, naive.logits)).toBeGreaterThan(0.1);
    },
  );

  it.each([...hubCases, ...characterCases].map((one) => [one.name, one] as const))(
    "%s runs on the engine",
    async (_, one) => {
      const { path, made } = await write(one, "F32");
      const out = `${path}-converted${ending(path)}`;
      await convertModel(path, out, { fold });
      const { logits } = forwardOf(one, made, one.config, made.t, made.has);
      const { model } = await openTransformer(out);
      expect(model.sites.every(({ kind }) => kind === "RMSNorm")).toBe(true);
      const got = model.begin().forward(ids, { logits: "all" });
      const rows = logits.map((_, i) => Float64Array.from(got.subarray(29 * i, 29 * (i + 1))));
      const largest = Math.max(...logits.flatMap((row) => Array.from(row, Math.abs)));
      // As for the model itself, in architectures.test.ts.
      expect(furthest(logits, rows) / largest).toBeLessThan(1e-5);
      model.engine.dispose();
    },
  );
});

describe("the numbers", () => {
  it.each(["BF16", "F16"] as const)("of %s are the centered ones, each rounded once to nearest even", async (dtype) => {
    const { path, made } = await write(gpt2, dtype);
    const out = `${path}-converted`;
    await convertModel(path, out);
    const { t } = await plainTensors(out);
    const half = dtype === "BF16" ? "bf16" : "f16";
    // Conv1D: [in, out], and so each row is centered.
    for (const name of [
      "transformer.wte.weight",
      "transformer.h.1.mlp.c_proj.weight",
      "transformer.h.0.attn.c_proj.bias",
    ]) {
      const { shape, data } = made.t(name);
      const cols = shape[shape.length - 1];
      const wanted = Array.from(data, (value, i) => {
        const row = data.subarray(i - (i % cols), i - (i % cols) + cols);
        return toBits(half, value - row.reduce((a, b) => a + b, 0) / cols);
      });
      expect(Array.from(t(name).data, (value) => toBits(half, value))).toEqual(wanted);
    }
    // What nobody has to center stays bit for bit, and the head is the embedding as it was.
    expect(t("transformer.h.0.mlp.c_fc.weight")).toEqual(made.t("transformer.h.0.mlp.c_fc.weight"));
    expect(t("transformer.h.0.attn.bias")).toEqual(made.t("transformer.h.0.attn.bias"));
    expect(t("lm_head.weight")).toEqual(made.t("transformer.wte.weight"));
  });

  it.each(["BF16", "F16"] as const)(
    "of %s become F32 where that is asked for, and the model the same",
    async (dtype) => {
      const one = { ...gpt2, config: { ...gpt2.config, torch_dtype: "float16" } };
      const { path, made } = await write(one, dtype);
      const own = forwardOf(one, made, one.config, made.t, made.has);
      const largest = Math.max(...own.logits.flatMap((row) => Array.from(row, Math.abs)));
      for (const fold of [false, true]) {
        const out = `${path}-${fold}`;
        const { conversion } = await convertModel(path, out, { fold, weights: "f32" });
        const { t, has } = await plainTensors(out);
        const config = await configOf(one, out);
        expect(config.torch_dtype).toBe("float32");
        // In f64 but for the rounding of what was centered to f32: to 2⁻²⁴ of each weight.
        expect(furthest(own.logits, forwardOf(one, made, config, t, has).logits) / largest).toBeLessThan(1e-6);
        const { tensors } = conversion.manifest;
        const types = new Set(
          Object.values(tensors).map((tensor) => (tensor.role === "unused" ? "mask" : tensor.dtype)),
        );
        expect([...types].sort()).toEqual(["F32", "mask"]);
        expect(tensors["transformer.h.0.attn.bias"].dtype).toBe(dtype);
      }
    },
  );

  /** A wider model, with matrices of more than 2¹⁸ numbers. */
  function wide(type: string, config: Config, sizes: Readonly<Record<number, number>>): Case {
    const one = named(type);
    const wider = (shape: readonly number[]) => shape.map((size) => sizes[size] ?? size);
    const shapes = Object.entries(one.shapes).map(([name, shape]) => [name, wider(shape)]);
    return { ...one, config: { ...one.config, ...config }, shapes: Object.fromEntries(shapes) };
  }

  it("are the same in pieces as at once: of matrices that are larger than what is in memory, as [out, in]", async () => {
    const [rows, inner] = [7000, 4200];
    const config = { vocab_size: rows, hidden_size: 64, intermediate_size: inner };
    const { path, made } = await write(wide("gpt_neox", config, { 29: rows, 32: 64, 80: inner, 96: 192 }), "F64");
    const [plain, fold] = [`${path}-plain`, `${path}-fold`];
    await convertModel(path, plain);
    await convertModel(path, fold, { fold: true });
    const { t } = await plainTensors(plain);
    const name = "gpt_neox.embed_in.weight";
    const last = made.t(name).data.slice(-64);
    const mean = last.reduce((a, b) => a + b, 0) / 64;
    expect(Array.from(t(name).data.slice(-64))).toEqual(Array.from(last, (value) => value - mean));
    const down = t("gpt_neox.layers.1.mlp.dense_4h_to_h.weight");
    const sums = new Float64Array(inner);
    for (const [i, value] of down.data.entries()) sums[i % inner] += value;
    expect(Math.max(...sums.map(Math.abs))).toBeLessThan(1e-12);

    const { t: f } = await plainTensors(fold);
    const [weight, bias] = ["weight", "bias"].map((end) => made.t(`gpt_neox.final_layer_norm.${end}`).data);
    const head = made.t("embed_out.weight").data.slice(-64);
    expect(Array.from(f("embed_out.weight").data.slice(-64))).toEqual(Array.from(head, (v, i) => v * weight[i]));
    const shift = head.reduce((sum, value, i) => sum + value * bias[i], 0);
    expect(f("embed_out.bias").data[rows - 1]).toBeCloseTo(shift, 12);
  });

  it("and as [in, out]", async () => {
    const inner = 4200;
    const one = wide("gpt2", { n_embd: 66, n_inner: inner }, { 24: 66, 72: 198, 96: inner });
    const { path, made } = await write(one, "F64");
    await convertModel(path, `${path}-fold`, { fold: true });
    const { t } = await plainTensors(`${path}-fold`);
    const name = "transformer.h.1.mlp.c_fc";
    const [weight, bias] = ["weight", "bias"].map((end) => made.t(`transformer.h.1.ln_2.${end}`).data);
    const last = made.t(`${name}.weight`).data.slice(-inner);
    expect(Array.from(t(`${name}.weight`).data.slice(-inner))).toEqual(Array.from(last, (v) => v * weight[65]));
    let shift = made.t(`${name}.bias`).data[7];
    for (let row = 0; row < 66; row++) shift += made.t(`${name}.weight`).data[row * inner + 7] * bias[row];
    expect(t(`${name}.bias`).data[7]).toBeCloseTo(shift, 12);
  });
});

describe("a tied head", () => {
  it("stays tied where the last norm has no weight and bias to speak of", async () => {
    const made = randomCase({ ...gpt2, dtype: "F64" });
    for (const { name, data } of made.tensors) {
      if (name.endsWith("ln_f.weight")) (data as Float64Array).fill(1.5);
      if (name.endsWith("ln_f.bias")) (data as Float64Array).fill(0);
    }
    const path = await writeModel(join(folder, "plain-last"), gpt2.config, made.tensors);
    const { t, has } = await plainTensors(path);
    const out = `${path}-converted`;
    const { conversion } = await convertModel(path, out);
    expect(conversion.plan.untied).toBe(false);
    const converted = await plainTensors(out);
    expect(converted.has("lm_head.weight")).toBe(false);
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(config.tie_word_embeddings).toBeUndefined();
    const [own, other] = [
      forwardOf(gpt2, made, gpt2.config, t, has),
      forwardOf(gpt2, made, config, converted.t, converted.has),
    ];
    expect(furthest(own.logits, other.logits)).toBeLessThan(1e-10);
  });

  it("has the embedding as it was also where the file has another head that nobody used", async () => {
    const made = randomCase({ ...gpt2, dtype: "F64" });
    const head = { name: "lm_head.weight", dtype: "F64", shape: [29, 24], data: new Float64Array(29 * 24).fill(7) };
    const path = await writeModel(join(folder, "other-head"), gpt2.config, [...made.tensors, head]);
    const { conversion } = await convertModel(path, `${path}-converted`);
    const { t } = await plainTensors(`${path}-converted`);
    expect(t("lm_head.weight")).toEqual(made.t("transformer.wte.weight"));
    expect(conversion.manifest.dropped).toEqual({ "lm_head.weight": "not what the head was: that was the embedding" });
  });
});

describe("a comparison", () => {
  it("of a model and its conversion: alike, where the swap alone is not", async () => {
    const { path, made } = await write(gpt2, "F32");
    await convertModel(path, `${path}-converted`);
    const [a, b] = [await openTransformer(path), await openTransformer(`${path}-converted`)];
    const comparison = new Comparison(a.model, b.model);
    expect(comparison.longest).toBe(41);
    expect(Array.from(comparison.add(ids))).toEqual([22]);
    const figures = comparison.figures();
    expect(figures.tokens).toBe(22);
    expect(figures.a).toMatchObject({ norm: "LayerNorm", difference: 0, agreement: 1 });
    expect(figures.b.norm).toBe("RMSNorm");
    expect(figures.b.difference).toBeLessThan(1e-5 * figures.largest);
    expect(figures.b.loss).toBeCloseTo(figures.a.loss, 5);
    expect(figures.b.agreement).toBe(1);
    expect(figures.swapped?.difference).toBeGreaterThan(0.1);
    expect(figures.norms.map(({ name }) => name)).toEqual(a.model.sites.map(({ name }) => name));
    for (const norm of figures.norms) {
      expect(norm.b).toBeLessThan(1e-6);
      expect(norm.a).toBeGreaterThan(0.05);
    }
    const wanted = forwardOf(gpt2, made, gpt2.config, made.t, made.has).logits;
    const nats = wanted
      .slice(0, 22)
      .map((row, i) => Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[ids[i + 1]]);
    expect(figures.a.loss).toBeCloseTo(nats.reduce((x, y) => x + y, 0) / 22, 5);
    for (const { model } of [a, b]) model.engine.dispose();
  });

  it("of models that cannot be compared is refused", async () => {
    const { model } = await openTransformer((await write(gpt2, "F32")).path);
    const oneLayer = Object.fromEntries(Object.entries(gpt2.shapes).filter(([name]) => !name.includes("h.1.")));
    const flat = { ...gpt2, config: { ...gpt2.config, n_layer: 1 }, shapes: oneLayer };
    const lower = await openTransformer((await write(flat, "F32")).path);
    expect(() => new Comparison(model, lower.model)).toThrow("the second model expected 5 norms, as the first, got 3");
    const shapes = { ...gpt2.shapes, "transformer.wte.weight": [30, 24] };
    const wider = { ...gpt2, config: { ...gpt2.config, vocab_size: 30 }, shapes };
    const more = await openTransformer((await write(wider, "F32")).path);
    expect(() => new Comparison(model, more.model)).toThrow(
      "the second model expected 29 tokens, as the first, got 30",
    );
    for (const open of [model, more.model, lower.model]) open.engine.dispose();
  });

  it("keeps NaN, which is no agreement", async () => {
    const { path } = await write(gpt2, "F32");
    const a = await openTransformer(path);
    const b = await openTransformer(path);
    (b.model.weights.head.weight as { data: Float32Array }).data[5] = Number.NaN;
    const comparison = new Comparison(a.model, b.model);
    Array.from(comparison.add(ids));
    expect(comparison.figures().b.difference).toBeNaN();
    const reversed = new Comparison(b.model, a.model);
    expect(() => Array.from(reversed.add(ids))).toThrow(/ expected weights whose logits are numbers, got NaN$/);
    for (const { model } of [a, b]) model.engine.dispose();
  });
});
