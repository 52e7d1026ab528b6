/** A table: one problem, every contestant checked and timed. The same in Node and in a page. */
import * as today from "../dist/index.js";
import { check, reference } from "./check.js";
import { type Contestant, copy, copyInPlace, type Prepared, plain, resident } from "./contestants/index.js";
import { round } from "./format.js";
import { type BenchmarkClass, type Budget, measure, ratio } from "./measure.js";
import { instantiate } from "./modules.js";
import { drift, type Noise, noiseOf } from "./noise.js";
import type { Package } from "./ops.js";
import { type Case, type Environment, makeProblem } from "./problem.js";

export interface Table extends Case {
  contestants: Row[];
  /** Who threw, or had a wrong answer. */
  leftOut: { name: string; reason: string }[];
  noise: Noise;
}

export interface Row {
  name: string;
  /** Of the baseline's: today's contestant that does the same. */
  counterpart?: string;
  /** Of one call: the median of its samples. */
  nanoseconds: number;
  lowerQuartile: number;
  upperQuartile: number;
  samples: number;
  /** Bytes of x, read once, and of the results, written once, over the median. */
  gigabytesPerSecond: number;
  /** The op's arithmetic over the median; null for the copy. */
  gigaflopsPerSecond: number | null;
  /** The time of plain JavaScript over this. */
  timesPlain: number | null;
  /** This over the time of the copy; in place over the copy in place. */
  overCopy: number | null;
  /** This over the time of the engine, resident. */
  overEngine: number | null;
  /** This over the time of the baseline's contestant that does the same; null where there is none. */
  overBaseline: number | null;
  /** That ratio in each of several processes, where it is their median. */
  processes?: number[];
  /** From the oracle: max |Δ|/max(1, |y|). */
  error: number;
}

/** An engine, its kernels by themselves and the copy, in one memory. */
export function openEnvironment(from: Package = today): Environment {
  const memory = new WebAssembly.Memory({ initial: 1 });
  // an earlier build takes the name
  const relaxed = from.createEngine({ variant: from.relaxed ?? ("relaxed" as never) });
  return {
    package: from,
    memory,
    engine: from.createEngine({ memory }),
    relaxed: relaxed.variant === "relaxed" ? relaxed : undefined,
    ...instantiate(memory),
  };
}

export async function runCase(
  Benchmark: BenchmarkClass,
  environment: Environment,
  which: Case,
  contestants: readonly Contestant[],
  budget: Budget,
): Promise<Table> {
  const problem = makeProblem(which, environment);
  const expected = reference(problem);
  const ready: { name: string; counterpart?: string; prepared: Prepared; error: number }[] = [];
  const leftOut: Table["leftOut"] = [];
  for (const { name, counterpart, setup, where } of contestants) {
    if (where?.(environment, which) === false) continue;
    let prepared: Prepared | undefined;
    try {
      prepared = await setup(problem);
      ready.push({ name, counterpart, prepared, error: await check(prepared, problem, expected) });
    } catch (error) {
      await prepared?.teardown?.();
      leftOut.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const timings = await measure(
    Benchmark,
    ready.map(({ prepared }) => prepared),
    budget,
  );
  for (const { prepared } of ready) await prepared.teardown?.();
  problem.dispose();

  const timing = (name: string) => timings[ready.findIndex((one) => one.name === name)];
  const rows = ready.map(({ name, counterpart, prepared: { restore, computes = "op" }, error }, i): Row => {
    const { median, lowerQuartile, upperQuartile, samples } = timings[i];
    const copied = timing(restore || name === copyInPlace.name ? copyInPlace.name : copy.name);
    const javascript = timing(plain.name);
    const engine = timing(resident.name);
    const before = timings[ready.findIndex(({ counterpart }) => counterpart === name)];
    return {
      ...(counterpart === undefined ? { name } : { name, counterpart }),
      nanoseconds: round(median * 1e9),
      lowerQuartile: round(lowerQuartile * 1e9),
      upperQuartile: round(upperQuartile * 1e9),
      samples: samples.length,
      gigabytesPerSecond: round(problem.bytes / median / 1e9),
      gigaflopsPerSecond: computes === "copy" ? null : round(problem.flops / median / 1e9),
      timesPlain: javascript === undefined ? null : round(ratio(javascript, timings[i])),
      overCopy: copied === undefined ? null : round(ratio(timings[i], copied)),
      overEngine: engine === undefined ? null : round(ratio(timings[i], engine)),
      overBaseline: before === undefined ? null : round(ratio(timings[i], before)),
      error,
    };
  });
  const control = timing(copy.name);
  return { ...which, contestants: rows, leftOut, noise: noiseOf(rows, control && drift(control.samples)) };
}
