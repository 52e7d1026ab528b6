// Writes the files of test/data/files, one per habit of a writer: `npm run corpus`, after a change of test/support/writers.
// writers.json, which says what has to be read from each, is kept by hand.

import { mkdirSync, writeFileSync } from "node:fs";
import { corpus } from "../test/support/writers/corpus.js";

mkdirSync("test/data/files", { recursive: true });
for (const [file, bytes] of Object.entries(corpus)) writeFileSync(`test/data/files/${file}`, bytes());
console.log(`test/data/files: ${Object.keys(corpus).length} files`);
