// A worker's program. scripts/build-worker.ts makes one text of it and of what it imports, because a text is the one way to start a
// worker that works in Node, in every bundler and without one.

import { BELL, DONE, FAILED, Job, type RowKernel, scratchOf, TICKET } from "./job.js";
import { nodeModule } from "./node.js";

/** The first message: the memory, and which of the threads this is, from 1 on. */
export interface Start {
  memory: WebAssembly.Memory;
  thread: number;
}

/** Every later message: a kernel, by its number in tickets and its name in one of the modules, the last that has it. */
export interface Mail {
  modules: readonly WebAssembly.Module[];
  name: string;
  number: number;
}

/** How long a worker looks for another job before it sleeps, in milliseconds: waking it takes as long as a small job. */
const AWAKE = 0.1;
/** It looks at the clock once in so many turns. */
const TURNS = 64;

/** In a page a worker's port is its global scope. */
interface Port {
  onmessage: ((message: { data: Start | Mail }) => void) | null;
  postMessage(message: unknown): void;
}

const port = (nodeModule("node:worker_threads")?.parentPort ?? globalThis) as Port;
const kernels: (RowKernel | undefined)[] = [];
let start: Start;
let job: Job;

port.onmessage = ({ data }) => {
  if ("thread" in data) {
    start = data;
    job = new Job(start.memory.buffer, start.thread);
    port.postMessage("ready");
    return;
  }
  const env = { memory: start.memory, scratch: scratchOf(start.thread) };
  const instances = data.modules.map((module) => new WebAssembly.Instance(module, { env }).exports);
  kernels[data.number] = Object.assign({}, ...instances)[data.name];
  serve();
};

/** Does what there is to do, until a job has a kernel that is still in the mail. */
function serve(): void {
  const { words } = job;
  let until = 0;
  for (let turn = 0; ; turn++) {
    const bell = Atomics.load(words, BELL);
    const ticket = Atomics.load(words, TICKET);
    if (ticket & 0xffff) {
      const kernel = kernels[ticket >> 16];
      if (kernel === undefined) return;
      for (let piece = job.take(ticket >> 16); piece !== 0; piece = job.take(ticket >> 16)) run(kernel, piece);
      turn = 0;
    }
    if (turn % TURNS !== 0) continue;
    const now = performance.now();
    if (turn === 0) until = now + AWAKE;
    else if (now > until) {
      Atomics.wait(words, BELL, bell);
      turn = -1;
    }
  }
}

function run(kernel: RowKernel, piece: number): void {
  try {
    job.run(kernel, piece);
  } catch {
    Atomics.store(job.words, FAILED, start.thread);
  }
  Atomics.add(job.words, DONE, 1);
}
