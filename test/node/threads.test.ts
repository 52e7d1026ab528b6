// Workers that fail or die, and processes that end: what needs Node beside the engine.

import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { layerNorm } from "orthonorm";
import { createThreadedEngine, type ThreadedEngine } from "orthonorm/threads";
import { describe, expect, it } from "vitest";
import { TICKET } from "../../bindings/threads/job.js";
import { doneByWorkers, jobsOf, manyRows, poolOf, rowsFor, untilShared, wordsOf } from "../support/threads.js";
import { sameBits } from "../support/within.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [rows, cols] = [rowsFor("f32", 256), 256];
const data = manyRows("f32", rows, cols, 2);
const expected = layerNorm(data, { cols });

/** layerNorm on an engine has the right bits, and leaves no memory behind. Returns no result. */
function works(engine: ThreadedEngine): [] {
  const before = engine.bytesInUse;
  const x = engine.tensor("f32", [rows, cols], data);
  const y = layerNorm(x);
  sameBits("y", "f32", y.toArray(), expected);
  for (const tensor of [x, y]) tensor.dispose();
  expect(engine.bytesInUse).toBe(before);
  return [];
}

async function until(done: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!done()) {
    if (performance.now() > end) throw new Error(`not in 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** `(func (export "trap") (param i32 i32) unreachable)`. */
const trap = new WebAssembly.Module(
  // biome-ignore format: a section a line
  Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 6, 1, 0x60, 2, 0x7f, 0x7f, 0,
    3, 2, 1, 0,
    7, 8, 1, 4, 0x74, 0x72, 0x61, 0x70, 0, 0,
    10, 5, 1, 3, 0, 0, 0x0b,
  ]),
);
/** `(func (export "slow") (param i32 i32))`, which counts down from 2^28. */
const slow = new WebAssembly.Module(
  // biome-ignore format: a section a line
  Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 6, 1, 0x60, 2, 0x7f, 0x7f, 0,
    3, 2, 1, 0,
    7, 8, 1, 4, 0x73, 0x6c, 0x6f, 0x77, 0, 0,
    10, 26, 1, 24, 1, 1, 0x7f, 0x41, 0x80, 0x80, 0x80, 0x80, 0x01, 0x21, 2,
    0x03, 0x40, 0x20, 2, 0x41, 1, 0x6b, 0x22, 2, 0x0d, 0, 0x0b, 0x0b,
  ]),
);
/** A call of 64 rows of no operands: strides and rows. */
const callOf = (kernel: () => undefined, number: number) => ({
  kernel,
  number,
  args: [0, 64],
  steps: [0, 0],
  rowsAt: 1,
});

describe("a worker that fails", () => {
  it("between calls: the others go on, down to the caller alone", async () => {
    const engine = await createThreadedEngine({ threads: 3 });
    await untilShared(engine, () => works(engine));
    for (const left of [2, 1]) {
      const [worker] = poolOf(engine).workers;
      worker.stop();
      works(engine); // whether its end is known by now or not
      await until(() => engine.threads === left, "the worker is known to be gone");
      works(engine);
    }
    expect(engine.reason).toBe("threads: a worker failed: it ended");
    const jobs = jobsOf(engine);
    works(engine);
    expect(jobsOf(engine)).toBe(jobs);
    engine.dispose();
  });

  it("in a kernel: an error, and one thread from then on", async () => {
    const engine = await createThreadedEngine({ threads: 2 });
    const pool = poolOf(engine);
    const number = pool.add([trap], "trap");
    // the caller's kernel waits until the worker has taken a piece
    const kernel = () => {
      const end = performance.now() + 20_000;
      while (doneByWorkers(engine) === 0 && performance.now() < end);
      return undefined;
    };
    expect(() => pool.run(callOf(kernel, number), 64, 16, false)).toThrow(
      "threads: the rows expected to be done, got a worker that failed in its rows: the outputs are not whole, and this " +
        "engine goes on with one thread",
    );
    expect([engine.threads, engine.reason]).toEqual([1, "threads: a worker failed in its rows"]);
    works(engine);
    engine.dispose();
  });

  it("with rows in its hands: an error after 5 s, and one thread from then on", async () => {
    const engine = await createThreadedEngine({ threads: 2 });
    const kernel = () => {
      if ((wordsOf(engine)[TICKET] & 0xffff) === 3) Atomics.sub(wordsOf(engine), TICKET, 1); // as a worker takes a piece
      return undefined;
    };
    const start = performance.now();
    expect(() => poolOf(engine).run(callOf(kernel, 77), 64, 16, false)).toThrow(
      "threads: the rows expected to be done, got a worker that did not finish its rows within 5 s: the outputs are not " +
        "whole, and this engine goes on with one thread",
    );
    expect(performance.now() - start).toBeGreaterThan(4000);
    expect(engine.threads).toBe(1);
    works(engine);
    engine.dispose();
  });
});

it("calls are the caller's alone for a while after a worker has held one up", async () => {
  const engine = await createThreadedEngine({ threads: 2 });
  const pool = poolOf(engine);
  const number = pool.add([slow], "slow");
  // the caller's kernel is done as soon as the worker has taken a piece
  const kernel = () => {
    while ((wordsOf(engine)[TICKET] & 0xffff) === 1);
    return undefined;
  };
  expect(pool.willing()).toBe(true);
  for (const alone of [2, 4]) {
    pool.run(callOf(kernel, number), 64, 32, false);
    expect(doneByWorkers(engine)).toBe(1);
    for (let call = 0; call < alone; call++) expect(pool.willing()).toBe(false);
    expect(pool.willing()).toBe(true);
  }
  engine.dispose();
});

it("an error in the caller's own rows leaves no piece behind", async () => {
  const engine = await createThreadedEngine({ threads: 2 });
  await untilShared(engine, () => works(engine));
  const broken = () => {
    throw new RangeError("broken");
  };
  const number = poolOf(engine).add([slow], "slow");
  expect(() => poolOf(engine).run(callOf(broken, number), 64, 16, false)).toThrow("broken");
  expect(wordsOf(engine)[TICKET] & 0xffff).toBe(0);
  works(engine);
  expect(engine.threads).toBe(2);
  engine.dispose();
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it("an engine that was disposed of holds no memory", async () => {
  const engine = await createThreadedEngine({ threads: 2 });
  const memory = (() => {
    works(engine);
    return new WeakRef(engine.tensor("f32", 4).data.buffer);
  })();
  engine.dispose();
  await until(() => {
    collect();
    return memory.deref() === undefined;
  }, "the memory is collected");
  expect(engine.disposed).toBe(true);
});

const tasks = "/proc/self/task";
describe.runIf(existsSync(tasks))("threads of the process", () => {
  const count = () => readdirSync(tasks).length;
  /** How many there are when those of earlier tests have ended. */
  const settled = async () => {
    for (let known = -1, same = 0; same < 20; await new Promise((resolve) => setTimeout(resolve, 20))) {
      same = count() === known ? same + 1 : 0;
      known = count();
    }
    return count();
  };

  it("end with dispose()", async () => {
    const before = await settled();
    const engine = await createThreadedEngine({ threads: 4 });
    expect(count()).toBeGreaterThanOrEqual(before + 3);
    await untilShared(engine, () => works(engine));
    engine.dispose();
    await until(() => count() <= before, "the workers' threads have ended");
  });

  it("end where nobody has the engine any more", async () => {
    const before = await settled();
    await (async () => {
      const engine = await createThreadedEngine({ threads: 4 });
      works(engine);
    })();
    expect(count()).toBeGreaterThanOrEqual(before + 3);
    await until(() => {
      collect();
      return count() <= before;
    }, "the workers' threads have ended");
  });
});

describe("a process", () => {
  const program = (then: string) => `
    import { layerNorm } from "orthonorm";
    import { createThreadedEngine } from "orthonorm/threads";
    const engine = await createThreadedEngine({ threads: 3 });
    const x = engine.tensor("f32", [2048, 768]);
    for (let i = 0; i < 20; i++) layerNorm(x, { out: x });
    ${then}`;
  const args = (then: string) => ["--input-type=module", "--eval", program(then)];

  it("ends without dispose(), though its workers sleep", async () => {
    const start = performance.now();
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args('console.log("end");'), { cwd: root });
    expect([stdout.trim(), stderr]).toEqual(["end", ""]);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("of an older Node has one thread, and says why once", async () => {
    const then = "await createThreadedEngine({ threads: 3 }); console.log(engine.threads, engine.reason);";
    const old = ["--import", "data:text/javascript,process.getBuiltinModule = undefined"];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...old, ...args(then)], { cwd: root });
    const reason = "threads: this runtime has no workers; Node 20.16 and 22.3, Chrome, Firefox and Safari do";
    expect([stdout.trim(), stderr.trim()]).toEqual([`1 ${reason}`, `orthonorm: ${reason}`]);
  });

  it("ends by exit() and by an error", async () => {
    const run = (then: string) => promisify(execFile)(process.execPath, args(then), { cwd: root });
    await expect(run("process.exit(3);")).rejects.toMatchObject({ code: 3 });
    await expect(run('throw new Error("own");')).rejects.toMatchObject({ code: 1 });
  });

  it.runIf(process.platform !== "win32")("ends by Ctrl-C in the middle of its work", async () => {
    const child = spawn(process.execPath, args('console.log("working"); for (;;) layerNorm(x, { out: x });'), {
      cwd: root,
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    child.kill("SIGINT");
    expect(await ended).toBe("SIGINT");
  });
});
