// What a page loads, gzipped: `npm run size`. `-- --json FILE` keeps it as a record.

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { provenance, root } from "../bench/command.js";
import { sizes } from "../bench/size.js";

const { json } = parseArgs({ options: { json: { type: "string" } } }).values;
const measured = await sizes(root);
for (const { name, bytes, gzipped } of measured) {
  console.log(`${name.padEnd(84)} ${(gzipped / 1024).toFixed(1).padStart(6)} KB gzipped  ${bytes} bytes`);
}
if (json !== undefined) {
  const { commit, date, command } = provenance("scripts/size.ts");
  await writeFile(json, `${JSON.stringify({ commit, date, command, sizes: measured }, null, 2)}\n`);
}
