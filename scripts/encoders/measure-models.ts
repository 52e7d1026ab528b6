/** Both encoders and the twins, on all their inputs. */
import { uniforms } from "@orthonorm/bench/random";
import type { Encoder, Run } from "./encoder.js";
import { measure, rounded } from "./measure.js";
import type { Packages } from "./packages.js";
import { openRecogniser, type Recogniser } from "./recogniser.js";
import { type Addition, type MeasuredModel, type MeasuredNorm, overChance, type Record } from "./record.js";
import { type Sound, sound } from "./sounds.js";
import { lines } from "./text-lines.js";
import { twinStates } from "./twins.js";
import { openWakeWords, secondsFor } from "./wake-words.js";

type Part = Pick<Record, "models" | "inputs" | "outputs">;

export async function measureTwin(twin: "ln" | "rms"): Promise<MeasuredModel> {
  const trainedWith = twin === "ln" ? "LayerNorm" : "RMSNorm";
  const norms: MeasuredNorm[] = [];
  for (const states of await twinStates(twin)) norms.push(await measure(states));
  return { id: `twin-${twin}`, name: `${trainedWith} twin`, trainedWith, norms };
}

export async function measureRecogniser(packages: Packages): Promise<Part & Pick<Record, "additions">> {
  const recogniser = await openRecogniser(packages);
  const text = { size: 28, ink: "black", paper: "white" };
  const styles = {
    "text, 28 px": text,
    "text, 34 px": { ...text, size: 34 },
    "text, light on dark": { ...text, ink: "#eee", paper: "#222" },
    "strips without text": { ...text, ink: "white" },
    noise: "noise",
  } as const;
  const id = "pp-ocrv4";
  const part: Part & Pick<Record, "additions"> = { models: [], inputs: [], outputs: [], additions: [] };
  for (const [input, style] of Object.entries(styles)) {
    const strips = recogniser.strips(style, uniforms(1));
    const run = await recogniser.run(strips);
    const norms = await measureAll(recogniser, run);
    part.inputs.push({ model: id, input, angles: norms.map(({ angle }) => angle.mean) });
    if (style !== text) continue;
    part.models.push({ id, name: "PP-OCRv4 text recogniser", trainedWith: "LayerNorm", norms });
    part.additions = await measureAdditions(run);
    part.outputs.push({
      model: id,
      what: "lines read without a mistake",
      of: lines.length,
      layerNorm: readRight(recogniser, run.outputs),
      rmsNorm: readRight(recogniser, await recogniser.runSwapped(strips)),
    });
  }
  return part;
}

/** Blanks at the ends do not count: the margin beside a line may be read as one. */
function readRight(recogniser: Recogniser, outputs: Run["outputs"]): number {
  return outputs.filter((output, at) => recogniser.read(output).trim() === lines[at]).length;
}

/** The recogniser is pre-norm: what enters a norm is what entered the one before, and what attention or an MLP has added to it. */
async function measureAdditions({ states }: Run): Promise<Addition[]> {
  const additions: Addition[] = [];
  for (let at = 1; at < states.length; at++) {
    const { cols, data: before } = states[at - 1];
    const added = states[at].data.map((value, i) => value - before[i]);
    const [from, to] = [String(at), String(at + 1)];
    const ratio = overChance(await measure({ name: `${from} to ${to}`, eps: 1e-5, cols, data: added }));
    additions.push({
      from,
      to,
      overChance: rounded(ratio),
      mean: rounded(meanOf(before)),
      added: rounded(meanOf(added)),
    });
  }
  return additions;
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export async function measureWakeWords(packages: Packages): Promise<Part & Pick<Record, "weights">> {
  const { heads, windows } = await openWakeWords(packages);
  const seconds = secondsFor(508);
  const part: Part & Pick<Record, "weights"> = { models: [], inputs: [], outputs: [], weights: [] };
  for (const kind of ["speech", "a quiet room", "noise"] satisfies Sound[]) {
    const heard = await windows(sound(kind, seconds));
    for (const [id, head] of heads) {
      const run = await head.run(heard);
      const norms = await measureAll(head, run);
      part.inputs.push({ model: id, input: kind, angles: norms.map(({ angle }) => angle.mean) });
      if (kind !== "speech") continue;
      part.models.push({ id, name: `openWakeWord ${id}`, trainedWith: "LayerNorm", norms });
      part.weights.push(...(await measureWeights(id, head)));
      part.outputs.push({
        model: id,
        what: "windows taken for the wake word",
        of: heard.length,
        layerNorm: alarms(run.outputs),
        rmsNorm: alarms(await head.runSwapped(heard)),
      });
    }
  }
  return part;
}

/** A head takes a window for its word from a score of 0.5 on. */
function alarms(outputs: Run["outputs"]): number {
  return outputs.filter(({ data }) => Number(data[0]) >= 0.5).length;
}

async function measureWeights(model: string, { norms }: Encoder): Promise<Record["weights"]> {
  const weights: Record["weights"] = [];
  for (const [at, { eps, weight }] of norms.entries()) {
    if (weight === null) continue;
    const norm = String(at + 1);
    const { inMean, cols } = await measure({ name: norm, eps, ...weight });
    weights.push({ model, norm, dCos2: rounded(inMean * cols) });
  }
  return weights;
}

async function measureAll({ norms }: Encoder, { states }: Run): Promise<MeasuredNorm[]> {
  const measured: MeasuredNorm[] = [];
  for (const [at, { eps }] of norms.entries())
    measured.push(await measure({ name: String(at + 1), eps, ...states[at] }));
  return measured;
}
