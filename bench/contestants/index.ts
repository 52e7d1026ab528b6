import type { Contestant } from "./contestant.js";
import { copy, copyInPlace } from "./copy.js";
import { arrays, arraysOut, inPlace, kernel, relaxed, resident } from "./engine.js";
import { best, plain } from "./javascript.js";

export type { Contestant, Prepared } from "./contestant.js";
export { arrays, arraysOut, best, copy, copyInPlace, inPlace, kernel, plain, relaxed, resident };

/** In the order of the tables. */
export const contestants: readonly Contestant[] = [
  resident,
  relaxed,
  inPlace,
  arraysOut,
  arrays,
  kernel,
  best,
  plain,
  copy,
  copyInPlace,
];
