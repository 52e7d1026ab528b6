/**
 * `npm run encoders`: measures where the states of two encoders that were trained with LayerNorm lie, beside the project's own twins,
 * and writes record.json and docs/where-it-holds.md with its figure. It installs the models and onnxruntime in a temporary folder,
 * which takes 0.5 GB and goes again at the end; `npm run encoders -- --packages FOLDER` keeps them there for the next run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { uniforms } from "@orthonorm/bench/random";
import manifest from "../../package.json" with { type: "json" };
import type { Encoder, Run } from "./encoder.js";
import { measure } from "./measure.js";
import { install, type Packages, versions } from "./packages.js";
import { openRecogniser } from "./recogniser.js";
import type { MeasuredModel, Record } from "./record.js";
import { type Sound, sound } from "./sounds.js";
import { lines } from "./text-lines.js";
import { twinStates } from "./twins.js";
import { openWakeWords, secondsFor } from "./wake-words.js";

const { values } = parseArgs({ options: { packages: { type: "string" } } });
const folder =
  values.packages === undefined ? mkdtempSync(join(tmpdir(), "orthonorm-encoders-")) : resolve(values.packages);
const clear = () => {
  if (values.packages === undefined) rmSync(folder, { recursive: true, force: true });
};
process.once("SIGINT", () => {
  clear();
  process.exit(130);
});
try {
  mkdirSync(folder, { recursive: true });
  const packages = install(folder);
  const text = await measureRecogniser(packages);
  const speech = await measureWakeWords(packages);
  const record: Record = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    orthonorm: manifest.version,
    packages: versions,
    models: [await measureTwin("ln"), await measureTwin("rms"), ...text.models, ...speech.models],
    inputs: [...text.inputs, ...speech.inputs],
    read: text.read,
  };
  writeFileSync(new URL("record.json", import.meta.url), `${JSON.stringify(record, null, 2)}\n`);
  console.log(
    JSON.stringify(
      record.models.map((m) => [
        m.name,
        m.norms.map((n) =>
          [n.rows, n.cols, n.angle.mean, +(n.tilt / n.chance).toFixed(2), n.inMean, n.swap, n.positive].join(" "),
        ),
      ]),
      null,
      1,
    ),
    JSON.stringify(record.inputs),
    record.read,
  );
} finally {
  clear();
}

async function measureTwin(twin: "ln" | "rms"): Promise<MeasuredModel> {
  const trainedWith = twin === "ln" ? "LayerNorm" : "RMSNorm";
  const norms = [];
  for (const states of await twinStates(twin)) norms.push(await measure(states));
  return { id: `twin-${twin}`, name: `this project's ${trainedWith} twin`, trainedWith, norms };
}

async function measureRecogniser(packages: Packages): Promise<Pick<Record, "models" | "inputs" | "read">> {
  const recogniser = await openRecogniser(packages);
  const id = "pp-ocrv4";
  const styles = {
    "black on white, 28 px": { size: 28, ink: "black", paper: "white" },
    "black on white, 34 px": { size: 34, ink: "black", paper: "white" },
    "light on dark, 28 px": { size: 28, ink: "#eee", paper: "#222" },
    "no text": { size: 28, ink: "white", paper: "white" },
    noise: "noise",
  } as const;
  const inputs: Record["inputs"] = [];
  let norms: MeasuredModel["norms"] = [];
  let right = 0;
  for (const [input, style] of Object.entries(styles)) {
    const run = await recogniser.run(recogniser.strips(style, uniforms(1)));
    const measured = await measureAll(recogniser, run);
    inputs.push({ model: id, input, angles: measured.map(({ angle }) => angle.mean) });
    if (norms.length > 0) continue;
    norms = measured;
    right = run.outputs.filter((output, at) => recogniser.read(output) === lines[at]).length;
  }
  const model: MeasuredModel = { id, name: "PP-OCRv4 text recogniser", trainedWith: "LayerNorm", norms };
  return { models: [model], inputs, read: { lines: lines.length, right } };
}

async function measureWakeWords(packages: Packages): Promise<Pick<Record, "models" | "inputs">> {
  const { heads, windows } = await openWakeWords(packages);
  const seconds = secondsFor(508);
  const models: MeasuredModel[] = [];
  const inputs: Record["inputs"] = [];
  for (const kind of ["speech", "a quiet room", "white noise"] satisfies Sound[]) {
    const heard = await windows(sound(kind, seconds));
    for (const [id, head] of heads) {
      const norms = await measureAll(head, await head.run(heard));
      inputs.push({ model: id, input: kind, angles: norms.map(({ angle }) => angle.mean) });
      if (kind === "speech") models.push({ id, name: `openWakeWord ${id}`, trainedWith: "LayerNorm", norms });
    }
  }
  return { models, inputs };
}

async function measureAll({ norms }: Encoder, { states }: Run): Promise<MeasuredModel["norms"]> {
  const measured = [];
  for (const [at, { eps }] of norms.entries())
    measured.push(await measure({ name: String(at + 1), eps, ...states[at] }));
  return measured;
}
