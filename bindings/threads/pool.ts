import { BELL, DONE, FAILED, Job, MOST_PIECES, type RowKernel, TICKET } from "./job.js";
import { type Helper, startWorker } from "./start.js";
import type { Start } from "./worker.js";

/** How long the caller waits for the last pieces that workers have taken, in milliseconds, before it gives them up. */
const PATIENCE = 5000;
/** A step of the clock counts as no more than this: the machine may have slept, and the workers with it. */
const STEP = 50;
/** It looks at the clock once in so many turns. */
const TURNS = 1024;
/** How long workers may take to start, in milliseconds. */
const START_PATIENCE = 20_000;

/**
 * A caller that has waited for more than half of a job's time waited for a worker that is kept from its processor by something
 * else. Then the next calls are the caller's alone: two, and twice as many each time that it happens again, up to so many.
 */
const MOST_ALONE = 64;

/** A job's call: which kernel with which arguments, and by how much each of them rises from a row to the next. */
export interface Call {
  readonly kernel: RowKernel;
  /** The kernel's number among those that the workers have. */
  readonly number: number;
  readonly args: readonly number[];
  readonly steps: readonly number[];
  /** Which of the arguments is the number of rows. */
  readonly rowsAt: number;
}

/** The workers of an engine, and how the rows of a call are shared out among them and the caller. */
export class Pool {
  /** Why there are fewer threads than were asked for, in one sentence. */
  reason: string | undefined;
  job: Job;
  readonly workers = new Set<Helper>();
  private kernels = 0;
  /** How many calls are the caller's alone after a job that was held up, and how many of them are left. */
  private alone = 0;
  private aloneLeft = 0;
  private stopped = false;

  constructor(memory: WebAssembly.Memory) {
    this.job = new Job(memory.buffer, 0);
  }

  /** The threads that work: the caller, and every worker that is alive. */
  get threads(): number {
    return 1 + this.workers.size;
  }

  /** Starts so many workers, and waits until each of them is ready or known not to start. */
  async start(count: number, memory: WebAssembly.Memory, address: string | undefined): Promise<void> {
    const started = Array.from({ length: count }, (_, i) => this.startOne({ memory, thread: 1 + i }, address));
    await Promise.all(started);
  }

  private startOne(start: Start, address: string | undefined): Promise<void> {
    return new Promise((resolve) => {
      let helper: Helper | undefined;
      const gone = (why: string) => {
        clearTimeout(timer);
        if (helper !== undefined) this.drop(helper);
        if (!this.stopped) this.reason ??= `threads: a worker failed: ${why}`;
        resolve();
      };
      const timer = setTimeout(() => gone(`it took more than ${START_PATIENCE / 1000} s to start`), START_PATIENCE);
      const ready = () => {
        clearTimeout(timer);
        if (helper !== undefined) this.workers.add(helper);
        resolve();
      };
      try {
        helper = startWorker(start, { ready, gone }, address);
      } catch (error) {
        gone(String(error));
      }
    });
  }

  private drop(helper: Helper): void {
    this.workers.delete(helper);
    helper.stop();
  }

  /** Gives the workers a kernel: by its name in these modules, the last of them that has it. Returns its number. */
  add(modules: readonly WebAssembly.Module[], name: string): number {
    const number = ++this.kernels;
    for (const worker of this.workers) worker.post({ modules, name, number });
    return number;
  }

  /** Is the next call to be shared out? */
  willing(): boolean {
    if (this.aloneLeft === 0) return this.workers.size > 0;
    this.aloneLeft--;
    return false;
  }

  /**
   * Makes a call, `each` rows at a time, together with the workers. It returns what the kernel does for the first rows.
   *
   * The caller takes pieces as the workers do, and never sleeps, which a page must not. So it does not wait for a worker to
   * wake either, but only, spinning, for pieces that are in a worker's hands.
   */
  run(call: Call, rows: number, each: number, beyondCache: boolean): number | undefined {
    const { job } = this;
    const { words } = job;
    const { kernel, number } = call;
    const pieces = Math.ceil(rows / each);
    const begun = performance.now();
    job.write(call.args, call.steps, call.rowsAt, each, beyondCache);
    Atomics.store(words, DONE, 0);
    Atomics.store(words, FAILED, 0);
    Atomics.store(words, TICKET, number * (MOST_PIECES + 1) + pieces - 1);
    Atomics.add(words, BELL, 1);
    Atomics.notify(words, BELL);
    let own = 1;
    try {
      const result = job.run(kernel, 0);
      for (let piece = job.take(number); piece !== 0; piece = job.take(number)) {
        job.run(kernel, piece);
        own++;
      }
      return result;
    } finally {
      job.end();
      // none are left but after an error in the caller's own
      own += Atomics.exchange(words, TICKET, 0) & MOST_PIECES;
      const worked = performance.now() - begun;
      this.wait(pieces - own);
      const heldUp = performance.now() - begun > 2 * worked;
      this.alone = heldUp ? Math.min(MOST_ALONE, 2 * Math.max(1, this.alone)) : 0;
      this.aloneLeft = this.alone;
    }
  }

  /** Waits for so many pieces that workers have taken. */
  private wait(pieces: number): void {
    const { words } = this.job;
    let last = 0;
    let waited = 0;
    for (let turn = 1; Atomics.load(words, DONE) !== pieces; turn++) {
      if (turn % TURNS !== 0) continue;
      const now = performance.now();
      if (last !== 0) waited += Math.min(now - last, STEP);
      last = now;
      if (waited > PATIENCE) this.giveUp(`did not finish its rows within ${PATIENCE / 1000} s`);
    }
    if (Atomics.load(words, FAILED) !== 0) this.giveUp("failed in its rows");
  }

  /** Ends all workers, for what one of them was doing cannot be known. */
  private giveUp(what: string): never {
    this.stop();
    this.reason = `threads: a worker ${what}`;
    throw new Error(
      `threads: the rows expected to be done, got a worker that ${what}: the outputs are not whole, and this engine goes on with one thread`,
    );
  }

  /** Ends all workers, and lets go of the memory. */
  stop(): void {
    this.stopped = true;
    for (const worker of this.workers) this.drop(worker);
    this.job = new Job(new ArrayBuffer(0), 0);
  }
}
