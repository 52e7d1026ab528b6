/** Samples of what answers later. */
import { median, type Sampler, sampleTime } from "../measure.js";

/** Seconds per call, one after the other until a sample's time is over, after one that is not timed. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  await run();
  const start = performance.now();
  let calls = 0;
  let spent = 0;
  do {
    await run();
    calls++;
    spent = (performance.now() - start) / 1e3;
  } while (spent < sampleTime);
  return spent / calls;
}

export const asynchronous = (run: () => Promise<void>): { run: () => Promise<void>; sample: Sampler } => ({
  run,
  sample: () => secondsOf(run),
});

const turns = { least: 5, usual: 9, seconds: 0.2 };

/** Seconds by which a call of a takes longer than one of b: of the medians, while they take turns. */
export async function difference(a: () => Promise<unknown>, b: () => Promise<unknown>): Promise<number> {
  const times: [number[], number[]] = [[], []];
  await b();
  const start = performance.now();
  const spent = () => (performance.now() - start) / 1e3;
  for (
    let turn = 0;
    turn < turns.least || (turn < turns.usual ? spent() < turns.seconds : spent() < 2 * sampleTime);
    turn++
  ) {
    for (const [i, run] of [a, b].entries()) {
      const before = performance.now();
      await run();
      times[i].push((performance.now() - before) / 1e3);
    }
  }
  return median(times[0]) - median(times[1]);
}
