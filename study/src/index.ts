/** The study: measures files of hidden states, saves and merges what it measured, and says what was found. */
export { OptionError, StudyError } from "./error.js";
export { firstOfMask, type Mask, readMask } from "./mask.js";
export { chanceSd, chanceTilt, meanAbsCosine } from "./measure/null-model.js";
export { median } from "./median.js";
export { csvPieces, toCsv } from "./report/csv.js";
export { finding } from "./report/finding.js";
export { jsonPieces, toJson } from "./report/json.js";
export { notes } from "./report/notes.js";
export { inShort } from "./report/reasons.js";
export { epsOf } from "./report/setting.js";
export { type Claim, type Doubt, judgedSites, type Verdict, verdictOf } from "./report/verdict.js";
export type { RunningModel, RunningSite } from "./running.js";
export { type ModelFile, type StudyOptions, studySources, sumSources } from "./study.js";
export { StudySums } from "./sums.js";
export { decimalsFor, fixed, range, scientific, shorten, shortenSite } from "./text.js";
export type {
  Group,
  ModelSwap,
  Norm,
  Population,
  Report,
  Sample,
  Site,
  Skipped,
  SourceFile,
  Speed,
  Spread,
  SwapEffect,
} from "./types.js";
export type { OffsetOption } from "./weight-offset.js";
export { type Pairs, parsePairs } from "./weights.js";
