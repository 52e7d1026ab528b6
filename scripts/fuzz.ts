// A million steps of the fuzzer (test/fuzz), in sequences of some thousands: `npm run test:long`. FUZZ_SEED is the first seed,
// FUZZ_STEPS the steps in all. Ctrl-C ends it after the sequence under way, which takes seconds.

import { fuzz } from "../test/fuzz/run.js";

/** Steps of one sequence: a new one begins with nothing, and with another seed. */
const SEQUENCE = 4000;
const total = numberFrom("FUZZ_STEPS", 1_000_000);
const first = numberFrom("FUZZ_SEED", 1 + (Date.now() % 1e9));
const began = performance.now();
let done = 0;
let stopped = false;
process.once("SIGINT", () => {
  stopped = true;
});

try {
  for (let seed = first; done < total && !stopped; seed++) {
    const count = Math.min(SEQUENCE, total - done);
    fuzz(seed, count);
    done += count;
    const seconds = (performance.now() - began) / 1000;
    progress(`${done} of ${total} steps, seeds ${first} to ${seed}, ${Math.round(done / seconds)} steps per second`);
    // A sequence is synchronous, so signals are heard between two of them.
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(`\n${done} steps did what the model says`);
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}

/** The positive integer that an environment variable holds. */
function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) {
    console.error(`${name} expected a positive integer, got ${JSON.stringify(text)}`);
    process.exit(1);
  }
  return Number(text);
}

function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`);
  else console.log(line);
}
