/**
 * `npm run bench:models`: tokens per second of the project's twins, one text, token by token, beside the same models in plain JavaScript and,
 * as ONNX models, on onnxruntime-web; and what it costs to look at what enters the norms. All give the same logits, which is checked first.
 * They take turns, a whole text each, and times are those of the processor: a busy machine takes from caches, but not its waiting.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { likeliest, type OnNorm } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { provenance } from "./command.js";
import { digits } from "./format.js";
import { median } from "./measure.js";
import { onnxTwin } from "./models/onnxruntime.js";
import { plainTwin } from "./models/plain.js";
import { readTwin } from "./models/twin.js";

const help = `npm run bench:models -- [--rounds N]

Tokens per second of the twins, beside the same models in plain JavaScript and on onnxruntime-web.

  --rounds N   how many texts each of them says (60)
`;
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "60" }, help: { type: "boolean", default: false } },
});
if (values.help) console.log(help);
else await run(Number(values.rounds));

/** Says a text, from token 1 on, and gives all logits. */
type Speaker = (positions: number) => Promise<Float32Array[]>;

async function run(rounds: number): Promise<void> {
  const { machine, runtime } = provenance("bench/models.ts");
  console.log(`${machine.cpu}, ${machine.cores} cores · Node ${runtime.node} (V8 ${runtime.v8})\n`);
  for (const name of ["ln", "rms"]) {
    const path = fileURLToPath(new URL(`../study/data/twins/${name}/model.safetensors`, import.meta.url));
    const twin = await readTwin(path);
    const plain = plainTwin(twin);
    const onnx = await onnxTwin(twin);
    const { model } = await openTransformer(path);
    const copies: Float32Array[] = [];
    const onEngine =
      (onNorm?: OnNorm): Speaker =>
      async (positions) => {
        copies.length = 0;
        const run = model.begin();
        const logits = say(positions, (token) => run.forward([token], { onNorm }));
        run.dispose();
        return logits;
      };
    const speakers: Record<string, Speaker> = {
      engine: onEngine(),
      looked: onEngine(() => {}),
      copied: onEngine((_, rows) => copies.push(rows.toArray())),
      plain: async (positions) => say(positions, plain),
      onnxruntime: (positions) => sayLater(positions, onnx.step),
    };
    await check(speakers, twin.positions);
    const times = await turns(speakers, twin.positions, rounds);
    const perSecond = (who: string) => Math.round((twin.positions - 1) / median(times[who]));
    const against = (who: string) => digits(median(times[who].map((time, round) => time / times.engine[round])));
    console.log(`${model.sites[0].kind} twin: ${perSecond("engine")} tokens/s`);
    console.log(`  plain JavaScript ${perSecond("plain")}, so the engine is ${against("plain")} times as fast`);
    console.log(
      `  onnxruntime-web ${perSecond("onnxruntime")}, so the engine is ${against("onnxruntime")} times as fast`,
    );
    console.log(`  time with what enters each norm shown: ${against("looked")}, copied: ${against("copied")}`);
    await onnx.release();
    model.engine.dispose();
  }
}

function say(positions: number, step: (token: number, position: number) => Float32Array): Float32Array[] {
  const all: Float32Array[] = [];
  for (let at = 0, token = 1; at < positions - 1; at++) {
    const logits = step(token, at);
    all.push(logits);
    token = likeliest(logits);
  }
  return all;
}

async function sayLater(
  positions: number,
  step: (token: number, position: number) => Promise<Float32Array>,
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (let at = 0, token = 1; at < positions - 1; at++) {
    const logits = await step(token, at);
    all.push(logits);
    token = likeliest(logits);
  }
  return all;
}

/** Throws unless all say the same, with the same logits to 1e-4. */
async function check(speakers: Record<string, Speaker>, positions: number): Promise<void> {
  const { engine, ...others } = speakers;
  // Some write all logits into one array, so each text goes as far as one position.
  for (let end = 2; end <= positions; end++) {
    const wanted = (await engine(end))[end - 2];
    for (const [name, speaker] of Object.entries(others)) {
      const got = (await speaker(end))[end - 2];
      const furthest = got.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
      // written so that NaN is too much
      if (!(furthest <= 1e-4))
        throw new Error(`${name} expected the engine's logits at ${end - 1}, got ${furthest} more`);
    }
  }
}

/** Seconds of the processor's per text, one per round, by name. */
async function turns(
  speakers: Record<string, Speaker>,
  positions: number,
  rounds: number,
): Promise<Record<string, number[]>> {
  const all = Object.entries(speakers);
  const times = Object.fromEntries(all.map(([name]): [string, number[]] => [name, []]));
  const warm = 60;
  for (let round = 0; round < rounds + warm; round++) {
    for (let i = 0; i < all.length; i++) {
      const [name, speaker] = all[(i + round) % all.length];
      const before = process.cpuUsage();
      await speaker(positions);
      const { user, system } = process.cpuUsage(before);
      if (round >= warm) times[name].push((user + system) / 1e6);
    }
  }
  return times;
}
