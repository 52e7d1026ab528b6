/** The clock of the benches, and a Benchmark that reads it. Browsers make it coarse. */
import type { BenchmarkClass } from "@orthonorm/bench/measure";
import base from "benchmark";
import lodash from "lodash";
import platform from "platform";

/** What a sample lasts in steps of the clock: an error of one at either end is then 4 % at most, and rarely that. */
const steps = { least: 50, usual: 75 };
/** Seconds of a sample where the clock is fine. */
const shortest = 2e-3;

/**
 * Benchmark as bench/ takes it. In a worker it finds no clock but Date, which has whole milliseconds, in a `now` of which it
 * would read the time; so it is given the page's own in Date's place. Neither does it find lodash and platform in a bundle, and
 * what it compiles looks for it among the globals.
 */
export function openBenchmark(): BenchmarkClass {
  const Benchmark = base.runInContext({ _: lodash, platform, Date: performance }) as BenchmarkClass;
  Object.assign(globalThis, { Benchmark });
  return Benchmark;
}

/** Seconds between two readings of the clock that differ. */
export function clockStep(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    least = Math.min(least, now - start);
  }
  return least / 1e3;
}

/** Seconds that samples are meant to last, and that none is shorter than. */
export function sampleTimes(step: number): { sampleTime: number; leastTime: number } {
  return { sampleTime: Math.max(shortest, steps.usual * step), leastTime: Math.max(shortest / 8, steps.least * step) };
}

/** Notes how long the samples last that Benchmark takes, as its clock reads them. */
export function watchSamples(Benchmark: BenchmarkClass): { shortest: number } {
  const seen = { shortest: Number.POSITIVE_INFINITY };
  const { run } = Benchmark.prototype;
  Benchmark.prototype.run = function (...all) {
    const done = run.apply(this, all);
    seen.shortest = Math.min(seen.shortest, this.times.cycle);
    return done;
  };
  return seen;
}
