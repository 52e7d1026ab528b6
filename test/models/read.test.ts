// A text as a model reads it: in pieces that begin as texts begin, in portions that leave room for others.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { characterTokenizer, llama2cTokenizer, piecesOf, portionsOf, readPieces, swapNorms } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mergePairs } from "../../models/src/tokenizer/merge.js";
import { mark, textOf, tokenizerBin, writeHub, writeLlama2c } from "../support/models/texts.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-read-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Opened = Awaited<ReturnType<typeof openTransformer>>;
let gpt2: Opened;
let llama: Opened;
beforeAll(async () => {
  gpt2 = await openTransformer(await writeHub(join(folder, "gpt2"), "gpt2", false));
  llama = await openTransformer(await writeHub(join(folder, "llama"), "llama", true));
});

describe("pieces of a text", () => {
  const text = textOf(100);

  it("are as long as the model can see, and together the text", async () => {
    const tokenizer = await gpt2.tokenizer();
    expect(tokenizer.begins).toEqual([]);
    const pieces = piecesOf(gpt2.model, tokenizer, text);
    expect(pieces.map(({ length }) => length)).toEqual([40, 40, 20]);
    expect(pieces.flat()).toEqual(tokenizer.encode(text));
  });

  it("begin as the model's texts begin", async () => {
    const tokenizer = await llama.tokenizer();
    expect(tokenizer.begins).toEqual([mark]);
    const pieces = piecesOf(llama.model, tokenizer, text);
    expect(pieces.map(([first, ...rest]) => [first, rest.length])).toEqual([
      [mark, 63],
      [mark, 37],
    ]);
    expect([mark, ...pieces.flatMap(([, ...rest]) => rest)]).toEqual(tokenizer.encode(text));
  });

  it("end where there are as many tokens as are wanted, and no more of the text is looked at than it takes", async () => {
    const tokenizer = await llama.tokenizer();
    const all = piecesOf(llama.model, tokenizer, text);
    for (const most of [1, 2, 63, 64, 65, 66, 100]) {
      const some = piecesOf(llama.model, tokenizer, text, most);
      expect(some.flat()).toEqual(all.flat().slice(0, most));
    }
    let longest = 0;
    const watched = {
      ...tokenizer,
      encode: (part: string) => {
        longest = Math.max(longest, part.length);
        return tokenizer.encode(part);
      },
    };
    expect(piecesOf(llama.model, watched, textOf(100_000), 10)).toEqual([all[0].slice(0, 10)]);
    expect(longest).toBeLessThan(1000);
    // A tokenizer whose tokens take many characters gets more of the text.
    const wordy = {
      begins: [],
      encode: (part: string) => Array.from({ length: Math.floor(part.length / 50) }, () => 0),
    };
    expect(piecesOf(llama.model, wordy, textOf(10_000), 20).flat()).toHaveLength(20);
  });
});

describe("reading", () => {
  it("shows each norm every token once, and gives timers their turn", async () => {
    const pieces = piecesOf(gpt2.model, await gpt2.tokenizer(), textOf(2000));
    const rows = new Map<string, number>();
    await readPieces(gpt2.model, pieces, ({ name }, { shape }) => rows.set(name, (rows.get(name) ?? 0) + shape[0]));
    expect([...rows.keys()]).toEqual(gpt2.model.sites.map(({ name }) => name));
    expect(new Set(rows.values())).toEqual(new Set([2000]));
    const stop = new AbortController();
    let portions = 0;
    const endless = (function* () {
      for (;;) yield pieces[0];
    })();
    for await (const { begins, ids, next } of portionsOf(gpt2.model, endless, stop.signal)) {
      if (portions++ > 0) {
        // only a timer ends it
        if (portions === 2) setTimeout(() => stop.abort());
        continue;
      }
      expect([begins, ids, next]).toEqual([true, pieces[0], [...pieces[0].slice(1), null]]);
    }
    expect(portions).toBeGreaterThan(1);
  });
});

describe("a swap of the norms", () => {
  it("is told per LayerNorm and of all at once, with the losses of both", async () => {
    const pieces = piecesOf(gpt2.model, await gpt2.tokenizer(), textOf(90));
    const { sites, together } = await swapNorms(gpt2.model, pieces);
    expect([...sites.keys()]).toEqual(gpt2.model.sites.map(({ name }) => name));
    // By the definitions, from the logits of both.
    let [squares, changes, agreeing, divergence, before, after, followed, rows] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (const ids of pieces) {
      const logits = [{}, { norm: "RMSNorm" } as const].map((options) => {
        const run = gpt2.model.begin(options);
        const all = run.forward(ids, { logits: "all" });
        run.dispose();
        return ids.map((_, row) => Array.from(all.subarray(29 * row, 29 * (row + 1))));
      });
      const logs = logits.map((of) =>
        of.map((row) => row.map((value) => value - Math.log(row.reduce((sum, other) => sum + Math.exp(other), 0)))),
      );
      for (const [row, y] of logits[0].entries()) {
        const z = logits[1][row];
        rows++;
        for (const [i, value] of y.entries()) {
          squares += value ** 2;
          changes += (z[i] - value) ** 2;
          divergence += Math.exp(logs[0][row][i]) * (logs[0][row][i] - logs[1][row][i]);
        }
        if (y.indexOf(Math.max(...y)) === z.indexOf(Math.max(...z))) agreeing++;
        if (row + 1 === ids.length) continue;
        followed++;
        before -= logs[0][row][ids[row + 1]];
        after -= logs[1][row][ids[row + 1]];
      }
    }
    expect(together?.relative).toBeCloseTo(Math.sqrt(changes / squares), 10);
    expect(together?.agreement).toBe(agreeing / rows);
    expect(together?.divergence).toBeCloseTo(divergence / rows, 10);
    expect(together?.loss?.before).toBeCloseTo(before / followed, 10);
    expect(together?.loss?.after).toBeCloseTo(after / followed, 10);
    for (const { relative, loss } of sites.values()) {
      expect(relative).toBeGreaterThan(0);
      expect(loss?.before).toBe(together?.loss?.before);
    }
  });

  it("finds nothing to swap in a model of RMSNorms, and stops where it is told to", async () => {
    const pieces = piecesOf(llama.model, await llama.tokenizer(), textOf(10));
    expect(await swapNorms(llama.model, pieces)).toEqual({ sites: new Map(), together: null });
    const stop = AbortSignal.abort(new Error("stopped"));
    await expect(swapNorms(gpt2.model, [[0, 1]], { signal: stop })).rejects.toThrow("stopped");
  });
});

describe("merging pairs of tokens", () => {
  const pieces = ["<unk>", "<s>", "</s>", "a", "b", "ab", "ba", "aba", "aa", "abab", " ", " a"];
  const scores = [0, 0, 0, 0, 0, -2, -1, -5, -2, -4, 0, -3];
  const numbered = new Map(pieces.map((piece, token) => [piece, token]));
  const merge = (left: number, right: number) => {
    const token = numbered.get(pieces[left] + pieces[right]);
    return token === undefined ? null : { token, score: scores[token] };
  };

  /** As run.c does it: the whole text is looked through for each pair. */
  function slowly(ids: readonly number[]): number[] {
    const tokens = [...ids];
    for (;;) {
      const pairs = tokens.slice(0, -1).map((left, at) => ({ at, merged: merge(left, tokens[at + 1]) }));
      const [best = null] = pairs
        .flatMap(({ at, merged }) => (merged === null ? [] : [{ at, ...merged }]))
        .sort((a, b) => b.score - a.score || a.at - b.at);
      if (best === null) return tokens;
      tokens.splice(best.at, 2, best.token);
    }
  }

  it("gives what looking through the text for each pair gives", () => {
    for (let seed = 0; seed < 500; seed++) {
      const ids = Array.from({ length: 1 + (seed % 40) }, (_, i) => [3, 4, 3, 10][(seed * (i + 3) * (i + 7)) % 4]);
      expect(mergePairs(ids, merge), ids.join()).toEqual(slowly(ids));
    }
  });

  it("is quick on a long text", () => {
    const file = tokenizerBin(pieces.map((piece, token) => [piece, scores[token]]));
    const { encode, begins } = llama2cTokenizer(file, pieces.length, "tokenizer.bin");
    expect(begins).toEqual([1]);
    expect(encode("")).toEqual([1]);
    const start = process.cpuUsage();
    const ids = encode("abaab a".repeat(5000));
    const { user } = process.cpuUsage(start);
    // Of the processor, in microseconds. Looking through the text for each pair takes minutes.
    expect(user).toBeLessThan(10e6);
    expect(ids.length).toBeLessThan(25_000);
    expect(ids.map((token) => (token === 1 ? "" : pieces[token])).join("")).toBe(` ${"abaab a".repeat(5000)}`);
  });
});

describe("how texts begin", () => {
  it("is the first mark of a character model, where it has one", () => {
    expect(characterTokenizer('["<end>", "a"]', "x").begins).toEqual([0]);
    expect(characterTokenizer('["a", "b"]', "x").begins).toEqual([]);
  });

  it("is told by the tokenizer of llama2.c", async () => {
    const { model, tokenizer } = await openTransformer(writeLlama2c(join(folder, "llama2c")));
    const { begins, encode } = await tokenizer();
    expect([begins, encode("ab")[0]]).toEqual([[1], 1]);
    model.engine.dispose();
  });
});
