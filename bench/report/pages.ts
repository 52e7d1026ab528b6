/** The files that `npm run performance` writes, relative to the repository's root: of docs/linear.md the tables alone. There is nothing in them but what the records say. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { contributorPage } from "./contributor.js";
import { linearPage } from "./linear.js";
import { plot } from "./plot.js";
import { readerPage } from "./reader.js";
import { readRecords } from "./records.js";

export function pages(): { [file: string]: string } {
  const records = readRecords();
  return {
    "docs/performance.md": readerPage(records),
    "docs/contributing/performance-targets.md": contributorPage(records),
    "docs/linear.md": linearPage(
      readFileSync(fileURLToPath(new URL("../../docs/linear.md", import.meta.url)), "utf8"),
      records.linear,
    ),
    "docs/performance.svg": plot(records.engine),
  };
}
