// orthonorm study on models that it runs: the figures are those of a file of the same states, and every misuse is one line.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { piecesOf, readPieces } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { describe, expect, test } from "vitest";
import { interrupted } from "../support/interrupted.js";
import { textOf, writeHub, writeLlama2c } from "../support/models/texts.js";
import { type Figures, f32, figures, folder, orthonorm, random, twins, write } from "../support/study-runs.js";

const heldOut = readFileSync(join(twins, "held-out.txt"), "utf8");
writeFileSync(join(folder, "code.txt"), heldOut.slice(0, 700));
writeFileSync(join(folder, "letters.txt"), textOf(300));
writeFileSync(join(folder, "empty.txt"), "");
writeFileSync(join(folder, "blank.txt"), " \n\n");
mkdirSync(join(folder, "twin"));
for (const name of ["ln", "rms"]) {
  copyFileSync(join(twins, name, "model.safetensors"), join(folder, `${name}.safetensors`));
}
copyFileSync(join(twins, "ln/model.safetensors"), join(folder, "twin/model.safetensors"));
await writeHub(join(folder, "gpt2"), "gpt2", false);
await writeHub(join(folder, "sharded"), "gpt2 in bf16", false, 4000);
await writeHub(join(folder, "llama"), "llama in bf16, tied", true);
await writeHub(join(folder, "gemma"), "gemma", true);
await writeHub(join(folder, "neox"), "gpt_neox, parallel, 0.25 of a head turning", false);
await writeHub(join(folder, "qwen3"), "qwen3", false);
writeLlama2c(join(folder, "llama2c"));
write("states.safetensors", { states: random(40, 16) });

/** Runs a model on a text by itself, and writes what enters its norms to a file, with what the study has to know of them. */
async function capture(path: string, file: string, tokens?: number): Promise<string> {
  const { model, tokenizer } = await openTransformer(join(folder, path));
  const text = readFileSync(join(folder, file), "utf8");
  const pieces = piecesOf(model, await tokenizer(), text, tokens);
  const seen = new Map<string, number[]>(model.sites.map(({ name }) => [name, []]));
  await readPieces(model, pieces, ({ name }, rows) => {
    for (const value of rows.toArray()) seen.get(name)?.push(value);
  });
  const { eps } = model.settings;
  const kinds = model.sites.map(({ name, kind }) => [name, { kind, eps }]);
  const metadata = { norm: model.sites[0].kind, norms: JSON.stringify(Object.fromEntries(kinds)) };
  const states = model.sites.map(({ name, cols }) => {
    const values = seen.get(name) as number[];
    return [name, f32(values.length / cols, cols, values)];
  });
  model.engine.dispose();
  return write("captured.safetensors", Object.fromEntries(states), metadata);
}

/** A site's figures without where they come from. */
function bare({ sites }: Figures): object[] {
  return sites.map((site) => {
    const { source, model, normFrom, affine, ...rest } = site as unknown as Record<string, unknown>;
    const { offset, ...parameters } = affine as { offset: { value: number } };
    return { ...rest, affine: { ...parameters, offset: offset.value } };
  });
}

describe("a model and a text", () => {
  test.each([
    ["ln.safetensors", "code.txt", 9, "LayerNorm"],
    ["rms.safetensors", "code.txt", 9, "RMSNorm"],
    ["gpt2", "letters.txt", 5, "LayerNorm"],
    ["sharded", "letters.txt", 5, "LayerNorm"],
    ["llama", "letters.txt", 5, "RMSNorm"],
    ["gemma", "letters.txt", 5, "RMSNorm"],
    ["neox", "letters.txt", 5, "LayerNorm"],
    ["qwen3", "letters.txt", 9, "RMSNorm"],
  ])("%s has the figures of a file captured from the same run, to the last bit", async (model, text, sites, norm) => {
    const live = figures(model, "--text", text);
    const file = await capture(model, text);
    expect(bare(live)).toEqual(bare(figures(file, "--weights", model)));
    expect(live).toMatchObject({ complete: true, skipped: [] });
    expect(live.sites).toHaveLength(sites);
    for (const site of live.sites) {
      expect(site).toMatchObject({ trainedWith: norm, normFrom: "the model", source: `${model}, ${text}` });
      expect(site.affine?.offset).toEqual({ value: model === "gemma" ? 1 : 0, from: "the model" });
    }
  });

  test("the norms of heads are sites too, of their own d, with a row per head, and may be left out", () => {
    const all = figures("qwen3", "--text", "letters.txt");
    const layer = (at: number) => [
      [`model.layers.${at}.input_layernorm`, 300, 24],
      [`model.layers.${at}.self_attn.k_norm`, 600, 8],
      [`model.layers.${at}.self_attn.q_norm`, 1200, 8],
      [`model.layers.${at}.post_attention_layernorm`, 300, 24],
    ];
    const shapes = (of: Figures) => of.sites.map(({ site, rows, cols }) => [site, rows, cols]);
    expect(shapes(all).sort()).toEqual([...layer(0), ...layer(1), ["model.norm", 300, 24]].sort());
    expect(all.sites.every(({ read, rows }) => read === rows)).toBe(true);
    const some = figures("qwen3", "--text", "letters.txt", "--sites", "*self_attn*");
    // But for the intervals, which are narrower where fewer sites are to lie in theirs.
    const measured = (of: Figures) =>
      of.sites
        .filter(({ site }) => site.includes("self_attn"))
        .map(({ verdict: { interval, ...verdict }, ...rest }) => [verdict, rest]);
    expect(measured(some)).toEqual(measured(all));
    expect(some.sites).toHaveLength(4);
  });

  test("a checkpoint of llama2.c, whose tensors have no file of weights to compare with", async () => {
    const live = figures("llama2c/model.bin", "--text", "letters.txt");
    const captured = figures(await capture("llama2c/model.bin", "letters.txt"));
    for (const [at, { angle, deviation, dCos2, norm, sample, rows }] of live.sites.entries()) {
      expect(captured.sites[at]).toMatchObject({ angle, deviation, dCos2, norm, rows });
      expect(captured.sites[at].sample).toEqual(sample);
    }
    expect(live.sites.map(({ site, trainedWith }) => [site, trainedWith])).toEqual(
      ["layers.0.attention_norm", "layers.0.ffn_norm", "layers.1.attention_norm", "layers.1.ffn_norm", "norm"].map(
        (site) => [site, "RMSNorm"],
      ),
    );
  });

  test("the two twins beside each other, and states beside them, in the order in which they are given", () => {
    const { status, stdout, stderr } = orthonorm(["study", "rms.safetensors", "ln.safetensors", "--text", "code.txt"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const headings = [...stdout.matchAll(/^(\w+) {2}· {2}(\w+)/gm)].map(([, label, norm]) => [label, norm]);
    const both = [
      ["rms", "RMSNorm"],
      ["ln", "LayerNorm"],
    ];
    // in each of three tables
    expect(headings).toEqual([...both, ...both, ...both]);
    expect(stdout.replace(/\s+/g, " ")).toContain("The states of ln, trained with LayerNorm, lie ");
    expect(stdout).toContain("The norms multiply by the weight as it is stored (the model).");
    const mixed = figures("states.safetensors", "gpt2", "--text", "letters.txt");
    expect([...new Set(mixed.sites.map(({ source }) => source))]).toEqual(["states.safetensors", "gpt2, letters.txt"]);
  });

  test("--tokens is the most that are run", async () => {
    const { sites, complete } = figures("llama", "--text", "letters.txt", "--tokens", "70");
    expect([complete, ...new Set(sites.map(({ rows, read }) => `${rows} ${read}`))]).toEqual([true, "70 70"]);
    const captured = figures(await capture("llama", "letters.txt", 70), "--weights", "llama");
    expect(sites.map(({ angle }) => angle)).toEqual(captured.sites.map(({ angle }) => angle));
  });

  test("the report names the model and the text, with their hashes", () => {
    const run = orthonorm(["study", "ln.safetensors", "--text", "code.txt", "--tokens", "200", "--html", "live.html"]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const page = readFileSync(join(folder, "live.html"), "utf8");
    expect(page.match(/<td class="hash">[0-9a-f]{64}<\/td>/g)).toHaveLength(2);
    expect(page).toContain("code.txt");
    expect(page).toContain("LayerNorm (says the model)");
  });

  test("parts of a text merge, and a part that is given twice is refused", () => {
    writeFileSync(join(folder, "first.txt"), textOf(200));
    for (const text of ["first.txt", "letters.txt"]) {
      const saved = ["--pool", "gpt2", "--save", `${text}.json`];
      expect(orthonorm(["study", "gpt2", "--text", text, ...saved]).status).toBe(0);
    }
    const merged = orthonorm(["merge", "first.txt.json", "letters.txt.json", "--json", "-"]);
    expect(JSON.parse(merged.stdout).sites.map(({ rows }: { rows: number }) => rows)).toEqual([
      500, 500, 500, 500, 500,
    ]);
    const twice = orthonorm(["merge", "first.txt.json", "first.txt.json"]);
    expect([twice.status, twice.stderr]).toEqual([1, expect.stringContaining('"first.txt" a second time')]);
  });

  test("--swap tells what RMSNorm in LayerNorm's place changes in the logits and the loss", () => {
    const outputs = ["--json", "swap.json", "--html", "swap.html"];
    const args = ["ln.safetensors", "rms.safetensors", "--text", "code.txt", "--tokens", "192", "--swap"];
    const run = orthonorm(["study", ...args, ...outputs]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const { sites, swaps } = JSON.parse(readFileSync(join(folder, "swap.json"), "utf8"));
    const [{ together }, none] = swaps;
    expect(none).toEqual({ model: "rms", together: null, fixed: [] });
    expect(together.loss.after).not.toBe(together.loss.before);
    expect(together.agreement).toBeLessThanOrEqual(1);
    const loss = `loss ${together.loss.before.toFixed(4)} → ${together.loss.after.toFixed(4)}`;
    expect(run.stdout).toMatch(new RegExp(`^ {2}all at once +‖Δ‖/‖y‖ \\d.* KL \\S+ nats {2}${loss}$`, "m"));
    expect(run.stdout).toContain("rms: No LayerNorm to swap.");
    expect(sites.slice(0, 9).every(({ swapOutput }: { swapOutput: object }) => swapOutput !== null)).toBe(true);
    const page = readFileSync(join(folder, "swap.html"), "utf8");
    const [before, after] = [together.loss.before, together.loss.after].map((value: number) => value.toFixed(4));
    expect(page).toContain(`and the loss from ${before} to ${after} nats a token`);
  });

  test("what --swap found is of one run, which --save and merge say", () => {
    const args = ["study", "ln.safetensors", "--text", "code.txt", "--tokens", "64", "--pool", "ln", "--swap"];
    const run = orthonorm([...args, "--save", "swapped.json"]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout.replace(/\s+/g, " ")).toContain("it is not among the sums that --save writes");
    expect(orthonorm([...args]).stdout).not.toContain("--save");
    expect(orthonorm(["merge", "swapped.json", "--save", "again.json"]).status).toBe(0);
    const said = "What --swap found of ln belongs to one run: --save leaves it out, and it is not among these figures.";
    for (const file of ["swapped.json", "again.json"]) {
      expect(orthonorm(["merge", file]).stdout.replace(/\s+/g, " ")).toContain(said);
    }
    const plain = ["study", "ln.safetensors", "--text", "letters.txt", "--tokens", "64", "--pool", "ln"];
    expect(orthonorm([...plain, "--save", "plain.json"]).status).toBe(0);
    expect(orthonorm(["merge", "plain.json"]).stdout).not.toContain("--swap");
    expect(orthonorm(["merge", "plain.json", "again.json"]).stdout.replace(/\s+/g, " ")).toContain(said);
  });

  test("Ctrl-C: the figures of what was run until then, which say so, and 130", async () => {
    writeFileSync(join(folder, "long.txt"), heldOut.repeat(40));
    const args = ["ln.safetensors", "rms.safetensors", "--text", "long.txt", "--swap", "--json", "stopped.json"];
    const { status, stdout, stderr } = await interrupted(["study", ...args], /[1-9]\d? %/);
    const output = stdout + stderr;
    expect(status, output).toBe(130);
    expect(output).toMatch(/Stopped before the end: these are the figures of \d+ rows read until then/);
    expect(output).toContain("Stopped before all models had been run with RMSNorm in LayerNorm's place");
    const { complete, sites } = JSON.parse(readFileSync(join(folder, "stopped.json"), "utf8")) as Figures;
    expect(complete).toBe(false);
    expect(sites).toHaveLength(9);
    for (const { rows, read } of sites) {
      expect(rows).toBe(40 * heldOut.length);
      expect(read).toBeGreaterThan(0);
      expect(read).toBeLessThan(rows);
    }
  });

  test("a model of which the weights are measured as states says how it is run", () => {
    const { status, stdout } = orthonorm(["study", "ln.safetensors"]);
    expect(status).toBe(0);
    expect(stdout.replace(/\s+/g, " ")).toContain("ln.safetensors is a model, and its weights were measured as if");
    // A folder with such a file and no config.json is the files in it, and with a text it is the model.
    expect(figures("twin").sites.length).toBeGreaterThan(9);
    expect(figures("twin", "--text", "code.txt", "--tokens", "64").sites).toHaveLength(9);
  });
});

describe("misuse", () => {
  const model = "gpt2";
  const fed = [model, "--text", "letters.txt"];
  test.each<[string, string[], number, string]>([
    ["a folder without a text", [model], 2, "gpt2 expected --text FILE, to run the model on, got none"],
    ["a .bin without a text", ["none.bin"], 2, "none.bin expected --text FILE, to run the model on, got none"],
    [
      "a text with states",
      ["states.safetensors", "--text", "letters.txt"],
      2,
      "--text expected a model to run, got none",
    ],
    [
      "a model that is not there",
      ["absent", "--text", "letters.txt"],
      1,
      "absent expected a file that can be read, got no such file or directory",
    ],
    [
      "a text of other bytes",
      [model, "--text", "latin.txt"],
      1,
      "latin.txt expected text in UTF-8, got bytes that are none",
    ],
    [
      "what lies beside the file of a model as output",
      ["gpt2/model.safetensors", "--text", "letters.txt", "--json", "gpt2/tokenizer.json"],
      2,
      "--json gpt2/tokenizer.json expected a file to write, got one of the files to read",
    ],
    ["tokens with states", ["states.safetensors", "--tokens", "5"], 2, "--tokens expected a model to run, got none"],
    ["an empty text", [model, "--text", "empty.txt"], 1, "--text empty.txt expected a text, got an empty file"],
    ["a blank text", [model, "--text", "blank.txt"], 1, "--text blank.txt expected a text, got white space alone"],
    [
      "no text of that name",
      [model, "--text", "absent.txt"],
      1,
      "absent.txt expected a file that can be read, got no such file or directory",
    ],
    [
      "arrays for it",
      [...fed, "--inputs", "states.safetensors"],
      2,
      "--inputs expected an .onnx model to feed, got none",
    ],
    ["a batch", [...fed, "--batch", "2"], 2, "--batch expected an .onnx model to feed, got none"],
    ["weights", [...fed, "--weights", model], 2, "--weights expected files of states, got none"],
    ["a mask", [...fed, "--mask", "states.safetensors"], 2, "--mask expected files of states, got none"],
    [
      "the text as output",
      [...fed, "--json", "letters.txt"],
      2,
      "--json letters.txt expected a file to write, got one of the files to read",
    ],
    [
      "its weights as output",
      [...fed, "--json", "gpt2/model.safetensors"],
      2,
      "--json gpt2/model.safetensors expected a file to write, got one of the files to read",
    ],
    [
      "a model twice",
      [model, "./gpt2", "--text", "letters.txt"],
      1,
      "./gpt2 expected to be given once, got it given twice, as gpt2 before",
    ],
    [
      "a checkpoint that is not there",
      ["none.bin", "--text", "letters.txt"],
      1,
      "none.bin expected a file that can be read, got no such file or directory",
    ],
    [
      "a character that the model does not know",
      ["ln.safetensors", "--text", "umlaut.txt"],
      1,
      'ln.safetensors expected a text of characters that it knows, got "ü"',
    ],
  ])("%s", (_, args, status, message) => {
    writeFileSync(join(folder, "umlaut.txt"), "for\nzurück");
    writeFileSync(join(folder, "latin.txt"), Buffer.from("zurück", "latin1"));
    const run = orthonorm(["study", ...args]);
    expect(run).toMatchObject({ status, stdout: "", stderr: `study: ${message}\n` });
  });

  test("a folder that is no model to run: the runner's own line", async () => {
    mkdirSync(join(folder, "bloom"));
    copyFileSync(join(folder, "gpt2/model.safetensors"), join(folder, "bloom/model.safetensors"));
    writeFileSync(join(folder, "bloom/config.json"), '{"model_type": "bloom"}');
    const run = orthonorm(["study", "bloom", "--text", "letters.txt"]);
    expect([run.status, run.stderr]).toEqual([
      1,
      expect.stringMatching(/^study: bloom\/config\.json expected a model_type among .*, got "bloom"\n$/),
    ]);
    mkdirSync(join(folder, "mute"));
    copyFileSync(join(folder, "gpt2/model.safetensors"), join(folder, "mute/model.safetensors"));
    copyFileSync(join(folder, "gpt2/config.json"), join(folder, "mute/config.json"));
    const mute = orthonorm(["study", "mute", "--text", "letters.txt"]);
    expect(mute.stderr).toBe("study: mute/tokenizer.json expected a tokenizer beside the model, got no such file\n");
  });
});
