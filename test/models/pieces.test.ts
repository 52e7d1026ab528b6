// The pieces of the runner by themselves: activations, the choice of tokens, and the tokenizer of a hub.
import { hubTokenizer, sampler } from "@orthonorm/models";
import { describe, expect, it } from "vitest";
import { activations, erf, tabulatedActivation } from "../../models/src/activation.js";
import { geluErf, geluTanh, relu, erf as series, silu } from "../support/models/plain.js";

describe("activations", () => {
  it("erf is its own series, and odd", () => {
    for (let x = -4; x <= 4; x += 1 / 64) {
      expect(Math.abs(erf(x) - series(x)), String(x)).toBeLessThan(Math.abs(x) < 2 ? 1e-15 : 1e-10);
      expect(erf(-x)).toBe(-erf(x));
    }
    // Beyond 4 by its complement: erfc(5) is 1.5374597944280349e-12.
    expect(1 - erf(5)).toBeCloseTo(1.5374597944280349e-12, 15);
    expect([erf(0), erf(7), erf(-Infinity)]).toEqual([0, 1, -1]);
    expect(erf(Number.NaN)).toBeNaN();
  });

  it.each([
    ["gelu", geluErf],
    ["gelu_new", geluTanh],
    ["relu", relu],
    ["silu", silu],
  ] as const)("%s", (name, plain) => {
    for (let x = -4; x <= 4; x += 1 / 16) expect(Math.abs(activations[name](x) - plain(x))).toBeLessThan(1e-10);
    // Nothing overflows on the way to 0.
    expect(Math.abs(activations[name](-1000))).toBe(0);
    expect(activations[name](1000)).toBe(1000);
  });
});

describe("activations from a table", () => {
  it.each(["gelu", "gelu_new", "relu", "silu"] as const)("%s is as it is written, to 1e-12", (name) => {
    const table = tabulatedActivation(name);
    // 1/16 is a cell, 8 where the table ends
    for (let x = -9; x <= 9; x += 1 / 997) {
      expect(Math.abs(table(x) - activations[name](x)), String(x)).toBeLessThan(1e-12);
    }
    for (const x of [-8, -1 / 16, 0, 1 / 16, 8, 1000, -1000, Infinity]) {
      expect(table(x), String(x)).toBeCloseTo(activations[name](x), 12);
    }
    expect(table(Number.NaN)).toBeNaN();
  });
});

describe("the choice of a token", () => {
  const logits = Float32Array.of(1, 3, 2, -Infinity, 3);

  it("at temperature 0 is the first of the likeliest", () => {
    expect(sampler({ temperature: 0 })(logits)).toBe(1);
  });

  it("has the frequencies that the logits say, and the same with the same seed", () => {
    const draw = (seed: number, options = {}) => {
      const next = sampler({ seed, ...options });
      return Array.from({ length: 20000 }, () => next(logits));
    };
    const share = (tokens: number[], token: number) => tokens.filter((one) => one === token).length / tokens.length;
    const all = draw(1);
    const total = Math.E + 2 * Math.E ** 3 + Math.E ** 2;
    // Three standard errors of a share of 20 000 are at most 0.0106.
    for (const token of [0, 1, 2, 4]) {
      expect(Math.abs(share(all, token) - Math.exp(logits[token]) / total)).toBeLessThan(0.0106);
    }
    expect(share(all, 3)).toBe(0);
    expect(draw(1)).toEqual(all);
    expect(draw(2)).not.toEqual(all);
    expect(new Set(draw(1, { topK: 2 }))).toEqual(new Set([1, 4]));
    expect(new Set(draw(1, { topP: 0.79 }))).toEqual(new Set([1, 4]));
    expect(new Set(draw(1, { topP: 0.9 }))).toEqual(new Set([1, 4, 2]));
    const cold = draw(1, { temperature: 0.5 });
    expect(Math.abs(share(cold, 2) - Math.E ** 4 / (Math.E ** 2 + 2 * Math.E ** 6 + Math.E ** 4))).toBeLessThan(0.0106);
  });
});

describe("the tokenizer of a hub", () => {
  /** Bytes as tokens, as GPT-2's has them, without merges: letters by themselves, "é" as two tokens, a space as "Ġ". */
  const vocabulary = { a: 0, b: 1, Ġ: 2, Ã: 3, "©": 4, "<end>": 5 };
  const json = {
    version: "1.0",
    added_tokens: [{ id: 5, content: "<end>", special: true }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab: vocabulary, merges: [], unk_token: null, fuse_unk: false, byte_fallback: false },
  };

  it("gives a character when all of its bytes have come", () => {
    const { encode, decoder, ends } = hubTokenizer(json, {}, [5], "tokenizer.json");
    const ids = encode("ab éa");
    expect(ids).toEqual([0, 1, 2, 3, 4, 0]);
    const text = decoder();
    expect(ids.map(text.push)).toEqual(["a", "b", " ", "", "é", "a"]);
    expect(text.push(3) + text.end()).toBe("\ufffd");
    expect(ends).toEqual(new Set([5]));
    const long = decoder();
    const many = Array.from({ length: 50 }, () => ids).flat();
    expect(many.map(long.push).join("")).toBe("ab éa".repeat(50));
  });

  it("that is none is refused", () => {
    expect(() => hubTokenizer({}, {}, [], "tokenizer.json")).toThrow(
      /^tokenizer\.json expected a tokenizer of Hugging Face's, got /,
    );
    expect(() => hubTokenizer(json, {}, [], "tokenizer.json").encode("")).toThrow(
      "tokenizer.json expected a text with tokens, got none",
    );
  });
});
