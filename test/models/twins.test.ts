// The project's own twins: their states, which were saved when they were trained, and their losses.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { characterTokenizer, generate, lossOf, type RunOptions, type Site } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { describe, expect, it } from "vitest";
import { plainTensors } from "../support/models/checkpoints.js";
import { twin } from "../support/models/forwards.js";
import { row } from "../support/models/plain.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const twins = join(root, "study/data/twins");

/** The text that the twins were trained on, as the metadata of their files says. */
function trainingText(): string {
  const folder = join(root, "node_modules/assemblyscript/std/assembly");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "util/casemap.ts" && file !== "index.d.ts")
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("")
    .replaceAll(/[^\n\x20-\x7e]/g, "");
}

/** Every tenth block of 8192 characters was held out. */
function heldOut(text: string): string[] {
  const blocks: string[] = [];
  for (let block = 9; block * 8192 < text.length; block += 10) {
    blocks.push(text.slice(block * 8192, (block + 1) * 8192));
  }
  return blocks;
}

/** Where the eight windows of the states begin in the text: found there by what the first states say of their characters. */
const windows = [405541, 243781, 483566, 158678, 239200, 245354, 570695, 570967];

describe.each(["ln", "rms"])("the twin %s", (name) => {
  const path = join(twins, name, "model.safetensors");

  it("has the states that were saved, to what rounding to f32 makes of them", async () => {
    const { model, tokenizer } = await openTransformer(path);
    const { encode } = await tokenizer();
    const saved = await plainTensors(join(twins, name, "states.safetensors"));
    const text = trainingText();
    for (const [window, at] of windows.entries()) {
      const seen = new Map<string, Float32Array>();
      const onNorm = (site: Site, rows: { toArray(): Float32Array }) => seen.set(site.name, rows.toArray());
      const run = model.begin();
      run.forward(encode(text.slice(at, at + 64)), { onNorm });
      run.dispose();
      expect(seen.size).toBe(9);
      for (const [site, states] of seen) {
        const wanted = saved.t(site);
        // Every second position was saved, by another f32 computation: at the last of nine norms the two are 2.5e-6 apart at most.
        for (let i = 0; i < 32; i++) {
          const state = row(wanted, window * 32 + i);
          const length = Math.hypot(...state);
          const got = states.subarray(2 * i * 128, (2 * i + 1) * 128);
          expect(Math.hypot(...got.map((x, j) => x - state[j])) / length, `${site} ${window} ${i}`).toBeLessThan(5e-6);
        }
      }
    }
    model.engine.dispose();
  });

  it("has the loss of its own forward pass in f64, on a window of each held-out block", async () => {
    const { model, tokenizer } = await openTransformer(path);
    const { encode } = await tokenizer();
    const { t, metadata } = await plainTensors(path);
    const texts = heldOut(trainingText()).map((block) => encode(block.slice(2560, 2560 + 65)));
    let sum = 0;
    for (const ids of texts) {
      const config = { norm: metadata.norm, n_embd: 128, n_layer: 4, n_head: 4 };
      const { logits } = twin(config, t, ids.slice(0, -1));
      for (const [at, row] of logits.entries()) {
        sum += Math.log(row.reduce((total, value) => total + Math.exp(value), 0)) - row[ids[at + 1]];
      }
    }
    expect(lossOf(model, texts)).toBeCloseTo(sum / (64 * texts.length), 6);
    model.engine.dispose();
  });

  it("runs with the other norm in the place of its own, with the same weights and biases", async () => {
    const { model, tokenizer } = await openTransformer(path);
    const { encode } = await tokenizer();
    const { t, metadata } = await plainTensors(path);
    const norm = metadata.norm === "LayerNorm" ? "RMSNorm" : "LayerNorm";
    const config = { norm, bias: name === "ln", n_embd: 128, n_layer: 4, n_head: 4 };
    const ids = encode("export function min(a: i32): i32 { return a; }");
    const wanted = twin(config, t, ids).logits.flatMap((row) => Array.from(row));
    const logitsWith = (options: RunOptions) => {
      const run = model.begin(options);
      const sites: string[] = [];
      const logits = run.forward(ids, { logits: "all", onNorm: (site) => sites.push(site.kind) });
      run.dispose();
      // A site tells what the model has, whatever stands in its place.
      expect(sites).toEqual(Array(9).fill(metadata.norm));
      return logits;
    };
    const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    const own = logitsWith({});
    expect(apart(logitsWith({ norm }), wanted)).toBeLessThan(1e-4);
    expect(apart(own, wanted)).toBeGreaterThan(0.1);
    // One norm alone: the same as that of all in nothing but that.
    const [first] = model.sites;
    const one = logitsWith({ norm: ({ name, kind }) => (name === first.name ? norm : kind) });
    expect(apart(one, own)).toBeGreaterThan(1e-3);
    expect(apart(one, wanted)).toBeGreaterThan(1e-3);
    model.engine.dispose();
  });

  it("has its published loss, as nearly as another choice of windows can have it", async () => {
    const { model, tokenizer } = await openTransformer(path);
    const { encode } = await tokenizer();
    const losses = heldOut(trainingText()).flatMap((block) => {
      const starts = Array.from({ length: Math.floor((block.length - 1) / 64) }, (_, i) => 64 * i);
      const some = starts.filter((_, i) => i % 4 === 0);
      return some.map((at) => lossOf(model, [encode(block.slice(at, at + 65))]));
    });
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    const sd = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length);
    const published = Number((await plainTensors(path)).metadata.valLoss);
    // Which windows the published one is of was not kept: the text's blocks range from 0.35 to 1.71. Two means of so many windows
    // lie within three standard errors of their difference.
    expect(Math.abs(mean - published)).toBeLessThan(3 * sd * Math.sqrt(2 / losses.length));
    model.engine.dispose();
  });

  it("says on, the same with the same seed, beyond its 64 positions", async () => {
    const { model, tokenizer } = await openTransformer(path);
    const { encode, decoder } = await tokenizer();
    const say = (seed: number) => {
      const text = decoder();
      return Array.from(generate(model, encode("export function "), { tokens: 150, seed }), text.push).join("");
    };
    expect(say(1)).toHaveLength(150);
    expect(say(1)).toBe(say(1));
    expect(say(2)).not.toBe(say(1));
    model.engine.dispose();
  });
});

describe("a tokenizer of characters", () => {
  it("refuses what it does not know", () => {
    const { encode } = characterTokenizer('["a", "b"]', "model.safetensors");
    expect(encode("abba")).toEqual([0, 1, 1, 0]);
    expect(() => encode("abc")).toThrow('model.safetensors expected a text of characters that it knows, got "c"');
  });
});
