// The recipes of docs/recipes.md, run as they stand there: what they write is what was in the model, and the study reads it.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelBytes } from "./support/onnx-model.js";
import { cols, layerNorm } from "./support/onnx-norms.js";
import { type Program, python, reticulate } from "./support/programs.js";
import { figures, folder, orthonorm, root } from "./support/study-runs.js";

const page = readFileSync(join(root, "docs/recipes.md"), "utf8");

const numpy = python("numpy");
const torch = python("numpy", "torch");
const transformers = python("torch", "transformers", "safetensors");
const r = reticulate();

/** The block of the page whose first line is, say, ```py numpy-folder.py. */
function recipe(name: string): string {
  const block = [...page.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].find(([, found]) => found === name);
  if (block === undefined) throw new Error(`docs/recipes.md expected a block ${name}, got none`);
  return block[2];
}

/** Runs a recipe in the temporary folder, after lines that make what the reader has. */
function run({ path, env }: Program, name: string, before: string, after = ""): void {
  writeFileSync(join(folder, name), `${before}\n${recipe(name)}\n${after}\n`);
  const got = spawnSync(path as string, [name], { cwd: folder, env: { ...process.env, ...env }, encoding: "utf8" });
  expect(got.status, got.stderr).toBe(0);
}

/** Element (row, column) of a state that no transposition and no shift leaves as it is. */
const formula = (row: number, col: number) => Math.sin(3 * row + 0.7 * col * col) + 0.1 * col;

/** Mean angle to the uniform vector, in degrees, of rows × d of the formula. */
function meanAngle(rows: number, cols: number, scale = 1): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const x = Array.from({ length: cols }, (_, col) => scale * formula(row, col));
    const along = x.reduce((a, b) => a + b) / Math.sqrt(cols);
    sum += Math.acos(along / Math.hypot(...x));
  }
  return ((sum / rows) * 180) / Math.PI;
}

const told = (program: Program) => (program.path === null ? ` (not run: ${program.wanted})` : "");

describe("recipes of docs/recipes.md", () => {
  it.runIf(numpy.path !== null)(`a folder of .npy${told(numpy)}`, () => {
    const states =
      "[numpy.array([[math.sin(3*r + 0.7*c*c) + 0.1*c for c in range(7)] for r in range(k)]) for k in (5, 9)]";
    run(numpy, "numpy-folder.py", `import math\nimport numpy\nstates = ${states}`);
    const { sites } = figures("layers/*.npy");
    expect(sites.map(({ site, rows, cols }) => [site, rows, cols])).toEqual([
      ["h.0", 5, 7],
      ["h.1", 9, 7],
    ]);
    expect(sites[0].angle.mean).toBeCloseTo(meanAngle(5, 7), 4);
    expect(sites[1].angle.mean).toBeCloseTo(meanAngle(9, 7), 4);
  });

  it.runIf(r.path !== null)(`R, by reticulate: a matrix and an array${told(r)}`, () => {
    const matrix = "outer(0:4, 0:6, function(r, c) sin(3*r + 0.7*c*c) + 0.1*c)";
    run(r, "reticulate.R", `states <- ${matrix}`);
    const flat = figures("states.npy").sites[0];
    expect([flat.rows, flat.cols]).toEqual([5, 7]);
    expect(flat.angle.mean).toBeCloseTo(meanAngle(5, 7), 4);
    // [2, 3, 7] of rows 0, 1, …, 5
    const array = "aperm(array(t(outer(0:5, 0:6, function(r, c) sin(3*r + 0.7*c*c) + 0.1*c)), c(7, 3, 2)), c(3, 2, 1))";
    run(r, "reticulate.R", `states <- ${array}`);
    const deep = figures("states.npy").sites[0];
    expect([deep.rows, deep.cols]).toEqual([6, 7]);
    expect(deep.angle.mean).toBeCloseTo(meanAngle(6, 7), 4);
  });

  it.runIf(torch.path !== null)(`PyTorch, every norm${told(torch)}`, () => {
    const model = `import math
import torch
states = torch.tensor([[math.sin(3*r + 0.7*c*c) + 0.1*c for c in range(8)] for r in range(6)])
model = torch.nn.Sequential(torch.nn.LayerNorm(8), torch.nn.Linear(8, 16), torch.nn.Sequential(torch.nn.LayerNorm(16)))
inputs = states.reshape(2, 3, 8)
expected = model[1](model[0](inputs)).detach().reshape(-1, 16)`;
    run(torch, "pytorch.py", model, `assert torch.equal(rows["2.0"], expected)`);
    const { sites } = figures("states.npz", "--norm", "layernorm");
    expect(sites.map(({ site, rows, cols }) => [site, rows, cols])).toEqual([
      ["0", 6, 8],
      ["2.0", 6, 16],
    ]);
    expect(sites[0].angle.mean).toBeCloseTo(meanAngle(6, 8), 3);
  });

  it.runIf(transformers.path !== null)(`Hugging Face transformers${told(transformers)}`, () => {
    // A small model in a folder instead of one from the hub: nothing else of the recipe is changed.
    const made = `import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
torch.manual_seed(1)
words = Tokenizer(models.WordLevel({"[UNK]": 0, "to": 1, "be": 2, "or": 3, "not": 4}, unk_token="[UNK]"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", eos_token="[UNK]").save_pretrained("tiny")
GPT2LMHeadModel(GPT2Config(vocab_size=5, n_positions=64, n_embd=32, n_layer=3, n_head=2)).save_pretrained("tiny")
open("text.txt", "w").write("to be or not to be")
import transformers
hub = transformers.AutoModelForCausalLM.from_pretrained
transformers.AutoModelForCausalLM.from_pretrained = lambda name: hub("tiny")
transformers.AutoTokenizer.from_pretrained = lambda name: PreTrainedTokenizerFast.from_pretrained("tiny")`;
    const check = `got = []
for block in model.transformer.h:
    block.ln_1.register_forward_pre_hook(lambda _, x: got.append(x[0]))
with torch.no_grad():
    model(**inputs)
assert all(torch.equal(x, h) for x, h in zip(got, sites.values(), strict=True))
texts = ["to be", "to be or not to be", "not"]
${recipe("hugging-face-padded.py")}
save_file({"h.0.ln_1": states[0][inputs["attention_mask"].bool()]}, "unpadded.safetensors")`;
    run(transformers, "hugging-face.py", made, check);
    const [padded, ...others] = figures("padded.safetensors", "--mask", "mask.safetensors").sites;
    expect([padded, ...others].map(({ rows, excluded }) => [rows, excluded.masked])).toEqual(
      [0, 1, 2].map(() => [18, 9]),
    );
    expect(padded.angle).toEqual(figures("unpadded.safetensors").sites[0].angle);
    const { sites } = figures("states.safetensors", "--weights", "tiny/model.safetensors");
    expect(sites.map(({ site, rows, cols, trainedWith }) => [site, rows, cols, trainedWith])).toEqual(
      [0, 1, 2].map((i) => [`h.${i}.ln_1`, 6, 32, "LayerNorm"]),
    );
    expect(sites.every(({ scaled }) => scaled !== null)).toBe(true);
  });

  it.runIf(numpy.path !== null)(`an ONNX file${told(numpy)}`, () => {
    const x = `numpy.array([[math.sin(3*r + 0.7*c*c) + 0.1*c for c in range(${cols})] for r in range(5)], "f4")`;
    run(numpy, "onnx-inputs.py", `import math\nimport numpy\nx = ${x}`);
    writeFileSync(join(folder, "model.onnx"), modelBytes(layerNorm()));
    const captured = orthonorm(["capture", "model.onnx", "--inputs", "inputs.npz", "-o", "states.safetensors"]);
    expect(captured).toMatchObject({ status: 0, stderr: "" });
    const [site] = figures("states.safetensors", "--weights", "states.safetensors").sites;
    expect([site.rows, site.cols, site.trainedWith]).toEqual([5, cols, "LayerNorm"]);
    expect(site.angle.mean).toBeCloseTo(meanAngle(5, cols), 4);
  });

  it("every block with a name is run here", () => {
    const names = [...page.matchAll(/^```\w+ (\S+)$/gm)].map(([, name]) => name);
    expect(names.sort()).toEqual([
      "hugging-face-padded.py",
      "hugging-face.py",
      "numpy-folder.py",
      "onnx-inputs.py",
      "pytorch.py",
      "reticulate.R",
    ]);
  });
});
