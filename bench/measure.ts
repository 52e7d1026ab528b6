/**
 * How time is taken: contestants take turns, one short sample each a round, so that whatever else the machine does meets
 * all alike. A time is the median of its samples; a ratio of two contestants is the median, over the rounds, of the
 * ratios of the two samples in one round, for a busy machine is faster in one second than in the next.
 *
 * Benchmark runs the samples. It compiles a loop anew for each and calls a function through a property in it, tens of
 * nanoseconds that would drown a small norm; so what it counts are batches of calls, in a loop of the contestant's own.
 * Before every sample it tries its loop once: that untimed batch brings the operands back into cache.
 *
 * Who cannot be called in such a loop, because it answers later or in a process of its own, takes its samples itself.
 */
import type Benchmark from "benchmark";

/** The class, which the caller brings: a page has to make it itself. */
export type BenchmarkClass = typeof Benchmark;

/** Seconds per call. */
export interface Timing {
  median: number;
  lowerQuartile: number;
  upperQuartile: number;
  /** One sample per round. */
  samples: Float64Array;
}

/** How much time may be taken. */
export interface Budget {
  /** Seconds that the rounds of one table may take. There are at least five. */
  seconds: number;
  /** Seconds of a sample; more where the clock is coarse, as in a page. */
  sampleTime?: number;
  /** Seconds that no sample is shorter than: so many steps of a coarse clock. By default an eighth of `sampleTime`. */
  leastTime?: number;
  /**
   * Seconds of the processor's that this process has had: samples are then taken by it, not by Benchmark, and what others take of
   * the processor does not count. For work of one thread; garbage is collected, and code compiled, on others that count too.
   */
  clock?: () => number;
}

/** Seconds of a sample, by default. */
export const sampleTime = 2e-3;
const batch = 5e-5;
const warmUp = { seconds: 0.06, calls: 30, mostSeconds: 0.3 };
const rounds = { least: 5, most: 200 };

/** Seconds per call, from one short sample: about two milliseconds, or one call. */
export type Sampler = () => Promise<number>;

export interface Timed {
  run(): unknown;
  sample?: Sampler;
}

export async function measure(
  Benchmark: BenchmarkClass,
  timed: readonly Timed[],
  { seconds, sampleTime: each = sampleTime, leastTime = each / 8, clock }: Budget,
): Promise<Timing[]> {
  const runners: { sample: Sampler; seconds: number[] }[] = [];
  for (const { run, sample } of timed) {
    if (sample !== undefined) await warm(sample);
    runners.push({ sample: sample ?? prepare(Benchmark, run, each, leastTime, clock), seconds: [] });
  }
  const end = now() + seconds;
  for (let round = 0; round < rounds.least || (round < rounds.most && now() < end); round++) {
    for (let i = 0; i < runners.length; i++) {
      const { sample, seconds } = runners[(i + round) % runners.length];
      seconds.push(await sample());
    }
  }
  return runners.map(({ seconds }) => ({ ...quartiles(seconds), samples: Float64Array.from(seconds) }));
}

/** How many times as long a takes as b: both of one `measure`. */
export const ratio = (a: Timing, b: Timing) => median(a.samples.map((time, round) => time / b.samples[round]));

/** Seconds by which a takes longer than b, likewise. */
export const difference = (a: Timing, b: Timing) => median(a.samples.map((time, round) => time - b.samples[round]));

/** Of an even number, the upper of the two in the middle. */
export const median = (values: ArrayLike<number>) => quartiles(values).median;

export function quartiles(values: ArrayLike<number>): Omit<Timing, "samples"> {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return { median: at(0.5), lowerQuartile: at(0.25), upperQuartile: at(0.75) };
}

/** Warms it up and finds out how many calls are a batch, how many batches a sample. */
function prepare(
  Benchmark: BenchmarkClass,
  run: () => unknown,
  sampleTime: number,
  leastTime: number,
  clock = now,
): Sampler {
  const repeat = repeater(run);
  const start = clock();
  let done = 0;
  for (let calls = 1; ; ) {
    repeat(calls);
    done += calls;
    const spent = clock() - start;
    if (spent >= warmUp.mostSeconds || (spent >= warmUp.seconds && done >= warmUp.calls)) break;
    if (spent < warmUp.seconds / 4) calls *= 2;
  }
  const before = clock();
  let timed = 0;
  for (; timed === 0 || clock() - before < sampleTime; timed++) run();
  const call = (clock() - before) / timed;
  const calls = Math.max(1, Math.round(batch / call));
  if (clock !== now) {
    const times = Math.max(1, Math.round(sampleTime / call));
    return async () => {
      repeat(calls);
      const start = clock();
      repeat(times);
      return (clock() - start) / times;
    };
  }
  const bench = new Benchmark(() => repeat(calls), {
    initCount: Math.max(1, Math.round(sampleTime / (calls * call))),
    // one sample a run; no second try unless the estimate was far off
    minSamples: 1,
    maxTime: -1,
    minTime: leastTime,
  }) as Benchmark & { initCount: number };
  return async () => {
    bench.run();
    if (bench.error) throw bench.error;
    // a sample that was too short was taken again with more calls: the next begins with as many
    bench.initCount = Math.max(bench.initCount, bench.count);
    return bench.stats.mean / calls; // of the one sample that it takes
  };
}

/** For as long as `prepare` warms up who is called. */
async function warm(sample: Sampler): Promise<void> {
  const start = now();
  do await sample();
  while (now() - start < warmUp.seconds);
}

let made = 0;

/** A loop of its own for each contestant: a shared one would learn to call many, and be slower for all. */
function repeater(run: () => unknown): (times: number) => void {
  return new Function("run", `return function repeat${made++}(times) { for (let i = 0; i < times; i++) run(); };`)(run);
}

const now = () => performance.now() / 1e3;
