/** What stands under the tables: what the finding's module says of rows and files, and what the weights lack. */
import type { Report } from "../types.js";
import { notes as ofRowsAndFiles } from "./finding.js";
import { withoutBias } from "./without-bias.js";

export function notes(report: Report): string[] {
  return [...ofRowsAndFiles(report), ...withoutBias(report)];
}
