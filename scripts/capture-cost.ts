/**
 * What it costs to look inside a model while it runs: `npm run capture-cost`. The same text is run alone, run with every norm's rows
 * handed over, and run with the study measuring them; then the study takes the same rows, in the same portions, from memory, once and
 * twice over: what is the same of both does not grow with the text. They take turns, and times are those of the processor, so that what else the machine does meets all of them.
 *
 * One model is the project's twin. The other has GPT-2's width and random weights, in four layers.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { architectures, type Checkpoint, piecesOf, readPieces, Transformer } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { median, type RunningModel, sumSources } from "@orthonorm/study";
import { readText } from "../cli/src/inputs.js";
import { runningModel } from "../cli/src/running.js";

const turns = 9;
const root = fileURLToPath(new URL("..", import.meta.url));

const { model: twin, tokenizer } = await openTransformer(join(root, "study/data/twins/ln/model.safetensors"));
const text = await readText(join(root, "study/data/twins/held-out.txt"));
await compare("the LayerNorm twin", twin, piecesOf(twin, await tokenizer(), text, 8192));

const wide = await Transformer.load(gpt2(4));
const ids = Array.from({ length: 2048 }, (_, i) => (i * i + 7 * i) % wide.vocabulary);
await compare(
  "four layers of GPT-2",
  wide,
  [0, 1, 2, 3].map((piece) => ids.slice(512 * piece, 512 * (piece + 1))),
);

async function compare(what: string, model: Transformer, pieces: readonly number[][]): Promise<void> {
  const running = runningModel(model, pieces, [{ name: what, bytes: null }], readPieces);
  const portions: { site: number; rows: Float32Array }[] = [];
  await running.run((site, rows) => portions.push({ site, rows: rows.slice() }));
  const replayed = (times: number): RunningModel => ({
    ...running,
    tokens: times * running.tokens,
    run: async (take) => {
      for (let time = 0; time < times; time++) for (const { site, rows } of portions) take(site, rows);
    },
  });
  const measure = (one: RunningModel) => sumSources([], { running: [one], withSpeed: false, merges: false });
  let seen = 0;
  const ways = {
    alone: () => readPieces(model, pieces),
    handed: () => running.run((_, rows) => (seen += rows.length)),
    measured: () => measure(running),
    study: () => measure(replayed(1)),
    twice: () => measure(replayed(2)),
  };
  const names = Object.keys(ways) as (keyof typeof ways)[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  // The first turns compile the code.
  for (let turn = -2; turn < turns; turn++) {
    for (const name of turn % 2 === 0 ? names : [...names].reverse()) {
      const start = process.cpuUsage();
      await ways[name]();
      const { user, system } = process.cpuUsage(start);
      if (turn >= 0) times.get(name)?.push((user + system) / 1000);
    }
  }
  if (seen === 0) throw new Error("capture-cost expected rows, got none");
  const of = (name: keyof typeof ways) => times.get(name) as number[];
  const over = (name: keyof typeof ways) => median(of(name).map((time, at) => time / of("alone")[at]));
  const states = `${running.tokens} tokens, ${running.sites.length} norms of d = ${model.settings.width}`;
  console.log(`${what}: ${states}; medians of ${turns} turns, processor time`);
  const line = (label: string, name: keyof typeof ways) =>
    console.log(`  ${label.padEnd(34)} ${median(of(name)).toFixed(0).padStart(6)} ms  ${over(name).toFixed(2)}`);
  line("run alone", "alone");
  line("run, rows handed over", "handed");
  line("run, measured by the study", "measured");
  line("the study, of rows in memory", "study");
  line("the study, of twice as many", "twice");
}

/** A GPT-2 of so many layers, with weights drawn at random, in memory. */
function gpt2(layers: number): Checkpoint {
  const width = 768;
  const vocabulary = 5000;
  const config = { n_embd: width, n_layer: layers, n_head: 12, n_positions: 1024, vocab_size: vocabulary };
  const shapes = new Map<string, number[]>([
    ["wte.weight", [vocabulary, width]],
    ["wpe.weight", [1024, width]],
  ]);
  const biased = (name: string, ...shape: number[]) =>
    shapes.set(`${name}.weight`, shape).set(`${name}.bias`, shape.slice(-1));
  for (let layer = 0; layer < layers; layer++) {
    biased(`h.${layer}.ln_1`, width);
    biased(`h.${layer}.attn.c_attn`, width, 3 * width);
    biased(`h.${layer}.attn.c_proj`, width, width);
    biased(`h.${layer}.ln_2`, width);
    biased(`h.${layer}.mlp.c_fc`, width, 4 * width);
    biased(`h.${layer}.mlp.c_proj`, 4 * width, width);
  }
  biased("ln_f", width);
  let state = 1;
  const next = () => {
    state = (48271 * state) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const architecture = architectures.find(({ name }) => name === "gpt2");
  if (architecture === undefined) throw new Error("capture-cost expected the architecture of GPT-2, got none");
  const tensors = new Map(
    [...shapes].map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const read = async () => ({
        dtype: "F32" as const,
        shape,
        data: new Float32Array(length).map(() => 0.1 * next()),
      });
      return [name, { dtype: "F32", shape, read }];
    }),
  );
  return { name: "random weights", configName: "random weights", architecture, config, tensors };
}
