/**
 * Compares what `orthonorm merge` says with what one run over the same rows says, figure by figure:
 * `tsx scripts/slurm/compare.ts MERGED.json RUN.json`. Exits with 1 where one differs that docs/study.md promises to the last bit.
 *
 * Each part of a study draws a sample of its own, so what is measured on samples is not compared but counted.
 */
import { readFileSync } from "node:fs";

/** Of samples; and the files' names, which differ by design. */
const ofSamples = new Set(["sample", "error", "swapError"]);
const names = new Set(["source", "model"]);

type Figures = Map<string, unknown>;

const [merged, run] = process.argv.slice(2, 4).map(read);
const different = [...new Set([...merged.keys(), ...run.keys()])].filter(
  (key) => !Object.is(merged.get(key), run.get(key)),
);
const kind = (key: string) => key.split(".").find((part) => ofSamples.has(part));
const wrong = different.filter((key) => kind(key) === undefined);
for (const key of wrong) console.error(`${key} expected ${run.get(key)}, got ${merged.get(key)}`);
const compared = [...run.keys()].filter((key) => kind(key) === undefined).length;
console.log(
  `${compared - wrong.length} of ${compared} figures equal to the last bit; of samples ${different.length - wrong.length} differ`,
);
if (compared === 0 || wrong.length > 0) process.exitCode = 1;

/** All figures of all sites: "0.angle.mean" and so on. */
function read(file: string): Figures {
  const figures: Figures = new Map();
  flatten("", JSON.parse(readFileSync(file, "utf8")).sites, figures);
  return figures;
}

function flatten(path: string, value: unknown, into: Figures): void {
  if (typeof value !== "object" || value === null) into.set(path, value);
  else
    for (const [key, inner] of Object.entries(value))
      if (!names.has(key)) flatten(`${path}${path && "."}${key}`, inner, into);
}
