/** A table: one linear layer, everyone checked and timed, between the limits of the machine. */
import type { Variant } from "../../bindings/engine/variants.js";
import { round } from "../format.js";
import { type BenchmarkClass, type Budget, measure, ratio, type Timing } from "../measure.js";
import { drift, type Noise, noiseOf } from "../noise.js";
import type { Contestant, Prepared } from "./contestant.js";
import { type Loops, peak, reading } from "./limits.js";
import { makeProblem, type Shape } from "./problem.js";
import { sampler } from "./sampler.js";

export interface Table extends Shape {
  contestants: Row[];
  /** Who threw, or had a wrong answer. */
  leftOut: { name: string; reason: string }[];
  /** Of the contestants and the limits; the control is the arithmetic in registers. */
  noise: Noise;
  /** The arithmetic in registers, per variant; and the reading of W, where there is one row. */
  limits: { peak: Partial<Record<Variant, Limit>>; reading: Limit | null };
}

export interface Quartiles {
  /** Of one call: the median of its samples. */
  nanoseconds: number;
  lowerQuartile: number;
  upperQuartile: number;
  samples: number;
}

/** `rate` is in 10⁹ operations per second, or bytes per second for the reading. */
export interface Limit extends Quartiles {
  rate: number;
}

export interface Row extends Quartiles {
  name: string;
  /** Multiplications and additions of the products, over the median. */
  gigaflopsPerSecond: number;
  /** This over the time of the engine in f32, per variant. */
  over: Partial<Record<Variant, number>>;
  /** The share of its variant's peak, for the engine in f32. */
  ofPeak: number | null;
  /** The time of reading W over this, for the engine in f32 where there is one row. */
  ofReading: number | null;
}

/** The limits, and a memory for the reading. */
export interface Environment {
  loops: Partial<Record<Variant, Loops>>;
  memory: WebAssembly.Memory;
}

interface Ready {
  name: string;
  variant?: Variant;
  prepared: Prepared;
}

export async function runTable(
  Benchmark: BenchmarkClass,
  { loops, memory }: Environment,
  shape: Shape,
  contestants: readonly Contestant[],
  budget: Budget,
): Promise<Table> {
  const problem = makeProblem(shape);
  const ready: Ready[] = [];
  const leftOut: Table["leftOut"] = [];
  for (const { name, variant, setup } of contestants) {
    let prepared: Prepared | undefined;
    try {
      prepared = await setup(problem);
      await prepared.run();
      prepared.check();
      ready.push({ name, variant, prepared });
    } catch (error) {
      await prepared?.teardown();
      leftOut.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const peaks = (Object.entries(loops) as [Variant, Loops][]).map(([variant, loops]) => ({
    variant,
    ...peak(loops, problem),
  }));
  const read = shape.rows === 1 && loops.simd !== undefined ? [reading(loops.simd, memory, problem)] : [];
  for (const limit of [...peaks, ...read]) {
    limit.run();
    limit.check();
  }

  const everyone = [...ready.map(({ prepared }) => prepared), ...peaks, ...read];
  const timed = everyone.map(({ run }) => ({ run, sample: sampler(run) }));
  const timings = await measure(Benchmark, timed, budget);
  for (const { prepared } of ready) await prepared.teardown();

  const times = timings.slice(0, ready.length);
  const peakTimes = new Map(
    peaks.map(({ variant, flops }, i) => [variant, { flops, time: timings[ready.length + i] }]),
  );
  const readTime: Timing | undefined = timings[ready.length + peaks.length];
  const own = ready.flatMap(({ variant }, i) => (variant === undefined ? [] : [[variant, times[i]] as const]));
  const rows = ready.map(({ name, variant }, i): Row => {
    const time = times[i];
    const highest = variant && peakTimes.get(variant);
    return {
      name,
      ...quartilesOf(time),
      gigaflopsPerSecond: round(problem.flops / time.median / 1e9),
      over: Object.fromEntries(own.map(([variant, other]) => [variant, round(ratio(time, other))])),
      ofPeak: highest ? round((ratio(highest.time, time) * problem.flops) / highest.flops) : null,
      ofReading: variant && readTime ? round(ratio(readTime, time)) : null,
    };
  });
  const limits: Table["limits"] = {
    peak: Object.fromEntries([...peakTimes].map(([variant, { flops, time }]) => [variant, limitOf(time, flops)])),
    reading: readTime ? limitOf(readTime, problem.weight.byteLength) : null,
  };
  const named = [
    ...rows,
    ...Object.entries(limits.peak).map(([variant, limit]) => ({ name: `peak, ${variant}`, ...limit })),
    ...(limits.reading ? [{ name: "reading W", ...limits.reading }] : []),
  ];
  const control = peakTimes.get("simd");
  return {
    ...shape,
    contestants: rows,
    leftOut,
    limits,
    noise: noiseOf(named, control && drift(control.time.samples)),
  };
}

const quartilesOf = ({ median, lowerQuartile, upperQuartile, samples }: Timing): Quartiles => ({
  nanoseconds: round(median * 1e9),
  lowerQuartile: round(lowerQuartile * 1e9),
  upperQuartile: round(upperQuartile * 1e9),
  samples: samples.length,
});

const limitOf = (time: Timing, work: number): Limit => ({
  ...quartilesOf(time),
  rate: round(work / time.median / 1e9),
});
