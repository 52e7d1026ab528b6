import { apply } from "./apply.js";
import { Generator } from "./generate.js";
import { printed, type Step } from "./step.js";
import { Disagreement, World } from "./world.js";

export interface Failure {
  /** What went wrong, in one line or a few. */
  readonly message: string;
  /** The steps up to the one that failed, and of each whether it was refused, as it had to be. */
  readonly steps: readonly Step[];
  readonly threw: readonly boolean[];
}

/** A sequence, of which a step came out as it should not. */
export class SequenceFailed extends Error {}

/** Runs a random sequence. Throws with the least of its steps that fail alike. */
export function fuzz(seed: number, count: number): number {
  const world = new World();
  const generator = new Generator(world, seed);
  const steps: Step[] = [];
  let refused = 0;
  try {
    while (steps.length < count) {
      world.prune();
      for (const step of generator.next()) {
        if (!world.has(step)) continue;
        steps.push(step);
        try {
          if (apply(world, step)) refused++;
        } catch (error) {
          throw new SequenceFailed(report(seed, count, shrunk(steps, messageOf(error))), { cause: error });
        }
      }
    }
  } finally {
    world.end();
  }
  return refused;
}

/** Runs steps as they are, those left out that name what is not there. */
export function replay(steps: readonly Step[]): Failure | undefined {
  const world = new World();
  const done: Step[] = [];
  const threw: boolean[] = [];
  try {
    for (const step of steps) {
      if (!world.has(step)) continue;
      done.push(step);
      try {
        threw.push(apply(world, step));
      } catch (error) {
        return { message: messageOf(error), steps: done, threw: [...threw, false] };
      }
    }
  } finally {
    world.end();
  }
  return undefined;
}

/** The least steps found that fail like these: the last few, then without whatever can be left out of them. */
function shrunk(steps: readonly Step[], message: string): Failure {
  const alike = kindOf(message);
  const fails = (some: readonly Step[]) => {
    const failure = replay(some);
    return failure !== undefined && kindOf(failure.message) === alike ? failure : undefined;
  };
  let best: Failure = { message, steps, threw: steps.map(() => false) };
  for (let tail = 8; tail < steps.length; tail *= 2) {
    const failure = fails(steps.slice(-tail));
    if (failure === undefined) continue;
    best = failure;
    break;
  }
  for (let size = best.steps.length >> 1; size > 0; size >>= 1) {
    for (let start = best.steps.length - 1 - size; start >= 0; start -= size) {
      const failure = fails(best.steps.filter((_, i) => i < start || i >= start + size));
      if (failure !== undefined) best = failure;
    }
  }
  return fails(best.steps) ?? best;
}

function messageOf(error: unknown): string {
  if (error instanceof Disagreement) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What is wrong, without the names and numbers in it. */
function kindOf(message: string): string {
  return message.split("\n")[0].replace(/\b[aemrtv]?-?\d[\d.e+-]*\b/g, "#");
}

function report(seed: number, count: number, { message, steps, threw }: Failure): string {
  const [what, ...more] = message.split("\n");
  return [
    `${what} (FUZZ_SEED=${seed} FUZZ_STEPS=${count}); the least steps that do this:`,
    ...more,
    "",
    printed(steps, threw),
  ].join("\n");
}
