import type { Sampler } from "../measure.js";
import type { Case, Elements, Place, Problem } from "../problem.js";

/** Somebody who does the work. */
export interface Contestant {
  name: string;
  /** The work, once: what is checked, and timed unless there is `sample`. May answer later. */
  run(): void | Promise<void>;
  /** Where `run` in a loop would not tell the time: seconds a call, by its own clock. */
  sample?: Sampler;
  /** Lets go of what it holds, when all is timed. */
  leave?(): void | Promise<void>;
  /** What the last run has written. */
  answer(): Elements;
  /** What the answer must be: the norm of x, which is the default, or x. */
  computes?: "norm" | "copy";
  /** Where it writes over x: before the answer is asked for, x is put back. */
  restore?(): void;
}

/** Prepares a contestant for a problem. It may throw, and is then named and left out. */
export interface Entry {
  name: string;
  /** Where it takes part; everywhere by default. */
  where?(place: Place, which: Case): boolean;
  enter(problem: Problem): Omit<Contestant, "name"> | Promise<Omit<Contestant, "name">>;
}
