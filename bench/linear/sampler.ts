/**
 * Samples in processor time, for a layer takes up to a tenth of a second: on a busy machine a clock would show mostly how often it
 * was interrupted meanwhile. All threads of the process count: that of compiling, and of collecting what a call has left.
 */
import { type Sampler, sampleTime } from "../measure.js";

export function sampler(run: () => unknown): Sampler {
  let calls = 1;
  return async () => {
    // brings the operands back into cache
    await run();
    const start = processorTime();
    for (let i = 0; i < calls; i++) {
      const later = run();
      if (later instanceof Promise) await later;
    }
    const seconds = (processorTime() - start) / calls;
    calls = Math.max(1, Math.round(sampleTime / Math.max(seconds, 1e-6)));
    return seconds;
  };
}

/** Seconds, in steps of a microsecond. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
