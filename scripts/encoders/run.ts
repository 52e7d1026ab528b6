/**
 * `npm run encoders`: measures where the states of encoders that were trained with LayerNorm lie, beside the project's own twins, and
 * writes record.json, and docs/where-it-holds.md with its figure. The models and onnxruntime are installed in a temporary folder, which
 * takes 0.5 GB and goes again at the end; `npm run encoders -- --packages FOLDER` keeps them for the next run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../../package.json" with { type: "json" };
import { measureRecogniser, measureTwin, measureWakeWords } from "./measure-models.js";
import { install, versions } from "./packages.js";
import { writePages } from "./page.js";
import { type Record, recordFile } from "./record.js";
import { normsTable } from "./table.js";

const { values } = parseArgs({ options: { packages: { type: "string" } } });
const temporary = values.packages === undefined;
const folder =
  values.packages === undefined ? mkdtempSync(join(tmpdir(), "orthonorm-encoders-")) : resolve(values.packages);
const clear = () => {
  if (temporary) rmSync(folder, { recursive: true, force: true });
};
process.once("SIGINT", () => {
  clear();
  process.exit(130);
});
try {
  mkdirSync(folder, { recursive: true });
  const packages = install(folder);
  const twins = [await measureTwin("ln"), await measureTwin("rms")];
  const text = await measureRecogniser(packages);
  const speech = await measureWakeWords(packages);
  const record: Record = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    orthonorm: manifest.version,
    packages: versions,
    models: [...twins, ...text.models, ...speech.models],
    inputs: [...text.inputs, ...speech.inputs],
    additions: text.additions,
    weights: speech.weights,
    outputs: [...text.outputs, ...speech.outputs],
  };
  writeFileSync(recordFile, `${JSON.stringify(record, null, 2)}\n`);
  console.log(normsTable(record).join("\n"));
  for (const file of writePages(record)) console.log(`written: ${file}`);
} finally {
  clear();
}
