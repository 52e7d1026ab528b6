/** A table: one problem, every contestant checked and timed. The same in Node and in a page. */
import { createEngine } from "../dist/index.js";
import { ask, check } from "./check.js";
import { type Contestant, copy, copyInPlace, type Entry, plain, resident } from "./contestants/index.js";
import { type BenchmarkClass, type Effort, measure, ratio } from "./measure.js";
import { instantiate } from "./modules.js";
import { type Case, makeProblem, type Place } from "./problem.js";

export interface Table extends Case {
  contestants: Row[];
  /** Who threw, or had a wrong answer. */
  leftOut: { name: string; reason: string }[];
}

export interface Row {
  name: string;
  /** A call: the median of its samples. */
  nanoseconds: number;
  lowerQuartile: number;
  upperQuartile: number;
  samples: number;
  /** Bytes of x, read once, and of y, written once, over the median. */
  gigabytesPerSecond: number;
  /** The time of plain JavaScript over this. */
  timesPlain: number | null;
  /** This over the time of the copy; in place over the copy in place. */
  overCopy: number | null;
  /** This over the time of the engine, resident. */
  overEngine: number | null;
  /** From the oracle: max |Δ|/max(1, |y|). */
  error: number;
}

/** An engine, its kernels by themselves and the copy, in one memory. */
export function openPlace(): Place {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const relaxed = createEngine({ variant: "relaxed" });
  return {
    memory,
    engine: createEngine({ memory }),
    relaxed: relaxed.variant === "relaxed" ? relaxed : undefined,
    ...instantiate(memory),
  };
}

export async function runCase(
  Benchmark: BenchmarkClass,
  place: Place,
  which: Case,
  entries: readonly Entry[],
  effort: Effort,
): Promise<Table> {
  const problem = makeProblem(which, place);
  const oracle = ask(problem);
  const entered: { contestant: Contestant; error: number }[] = [];
  const leftOut: Table["leftOut"] = [];
  for (const { name, enter, where } of entries) {
    if (where?.(place, which) === false) continue;
    let contestant: Contestant | undefined;
    try {
      contestant = { name, ...(await enter(problem)) };
      entered.push({ contestant, error: await check(contestant, problem, oracle) });
    } catch (error) {
      await contestant?.leave?.();
      leftOut.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const timings = await measure(
    Benchmark,
    entered.map(({ contestant }) => contestant),
    effort,
  );
  for (const { contestant } of entered) await contestant.leave?.();
  problem.dispose();

  const timing = (name: string) => timings[entered.findIndex(({ contestant }) => contestant.name === name)];
  const bytes = 2 * problem.arrays.x.byteLength;
  const contestants = entered.map(({ contestant: { name, restore }, error }, i): Row => {
    const { median, lowerQuartile, upperQuartile, samples } = timings[i];
    const copied = timing(restore || name === copyInPlace.name ? copyInPlace.name : copy.name);
    const javascript = timing(plain.name);
    const engine = timing(resident.name);
    return {
      name,
      nanoseconds: round(median * 1e9),
      lowerQuartile: round(lowerQuartile * 1e9),
      upperQuartile: round(upperQuartile * 1e9),
      samples: samples.length,
      gigabytesPerSecond: round(bytes / median / 1e9),
      timesPlain: javascript === undefined ? null : round(ratio(javascript, timings[i])),
      overCopy: copied === undefined ? null : round(ratio(timings[i], copied)),
      overEngine: engine === undefined ? null : round(ratio(timings[i], engine)),
      error,
    };
  });
  return { ...which, contestants, leftOut };
}

/** Four digits. */
export const round = (x: number) => Number(x.toPrecision(4));
