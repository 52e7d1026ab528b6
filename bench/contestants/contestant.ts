import type { Sampler } from "../measure.js";
import type { Elements } from "../ops.js";
import type { Case, Environment, Problem } from "../problem.js";

/** An op's results by name: `y`, or one number per row for each. */
export type Answer = Record<string, Elements>;

/** Somebody who does the work. */
export interface Contestant {
  name: string;
  /** Of an earlier build's contestant: the name of today's that does the same. */
  counterpart?: string;
  /** Where it takes part; everywhere by default. */
  where?(environment: Environment, which: Case): boolean;
  /** Prepares for a problem. It may throw, and is then named and left out. */
  setup(problem: Problem): Prepared | Promise<Prepared>;
}

/** A contestant who is ready for a problem. */
export interface Prepared {
  /** The work, once: what is checked, and timed unless there is `sample`. May answer later. */
  run(): unknown;
  /** Where `run` in a loop would not tell the time: seconds per call, by its own clock. */
  sample?: Sampler;
  /** Lets go of what it holds, when all is timed. */
  teardown?(): void | Promise<void>;
  /** What the last run has given. */
  answer(): Answer;
  /** What the answer must be: the op's of x, which is the default, or x. */
  computes?: "op" | "copy";
  /** Where it writes over x: before the answer is asked for, x is put back. */
  restore?(): void;
}
