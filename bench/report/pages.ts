/** The files that `npm run performance` writes, relative to the repository's root: nothing in them but what the records say. */
import { contributorPage } from "./contributor.js";
import { plot } from "./plot.js";
import { readerPage } from "./reader.js";
import { readRecords } from "./records.js";

export function pages(): { [file: string]: string } {
  const records = readRecords();
  return {
    "docs/performance.md": readerPage(records),
    "docs/contributing/performance-targets.md": contributorPage(records),
    "docs/performance.svg": plot(records.engine),
  };
}
