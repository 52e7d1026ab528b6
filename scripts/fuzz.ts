// A million steps of the fuzzer (test/fuzz), in sequences of some thousands: `npm run test:long`. FUZZ_SEED is the first seed,
// FUZZ_STEPS the steps in all. Ctrl-C ends it after the step under way.

import { fuzz } from "../test/fuzz/run.js";

const { FUZZ_SEED = String(Date.now() % 1e9), FUZZ_STEPS = "1000000" } = process.env;
/** Steps of one sequence: a new one begins with nothing, and with another seed. */
const SEQUENCE = 4000;
const total = Number(FUZZ_STEPS);
const first = Number(FUZZ_SEED);
const began = performance.now();
let done = 0;
let stopped = false;
process.once("SIGINT", () => {
  stopped = true;
});

try {
  for (let seed = first; done < total && !stopped; seed++) {
    const count = Math.min(SEQUENCE, total - done);
    let last = 0;
    fuzz(seed, count, (steps) => {
      last = steps;
      return !stopped;
    });
    done += stopped ? last : count;
    const seconds = (performance.now() - began) / 1000;
    progress(`${done} of ${total} steps, seeds ${first} to ${seed}, ${Math.round(done / seconds)} steps per second`);
    // signals are heard between sequences
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(`\n${done} steps did what the model says`);
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}

function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`);
  else console.log(line);
}
