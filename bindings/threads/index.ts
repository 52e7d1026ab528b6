import { checkCount, rangeError, typeError } from "../check.js";
import type { Engine, EngineOptions } from "../engine/engine.js";
import { checkNames } from "../names.js";
import { EngineWithThreads } from "./engine.js";
import { createSharedMemory, LEAST_BYTES } from "./memory.js";
import { Pool } from "./pool.js";
import { hindrance, parallelism } from "./start.js";

/** A URL, described for TypeScript projects without the DOM library. */
export interface AddressLike {
  readonly href: string;
}

/** Options of `createThreadedEngine`. */
export interface ThreadedEngineOptions extends Omit<EngineOptions, "memory"> {
  /** How many threads work on a large call, the caller among them. Default: as many as the machine runs at once, 8 at most. */
  threads?: number;
  /**
   * Where a page has the program of its workers: the file `orthonorm/threads/worker.js`. Default: a blob, which a
   * Content-Security-Policy has to allow by `worker-src blob:`.
   */
  worker?: string | AddressLike;
  /** The size in bytes up to which the memory may grow: 1048576 at least. Default: 4 GiB less a page, or what the system allows. */
  maximumBytes?: number;
}

/** An engine that shares out the rows of large calls among threads. */
export interface ThreadedEngine extends Engine {
  /** How many threads work on a large call, the caller among them. */
  readonly threads: number;
  /** Why there are fewer threads than there should be, in one sentence; undefined where there are not. */
  readonly reason: string | undefined;
}

const OP = "createThreadedEngine";
const OPTIONS = ["threads", "worker", "variant", "maximumBytes"];
/** Beyond these threads are made only if asked for: rows that come from memory wait for it, whoever reads them. */
const DEFAULT_MOST = 8;
const MOST = 64;

let warned = false;

/**
 * Makes an engine that shares out the rows of large calls among the caller and workers. All results have the bits that one thread
 * gives.
 *
 * Where there can be no workers, such as in a page that is not cross-origin isolated, the engine has one thread; `reason` says
 * why, and so does a warning in the console, once.
 *
 * @returns the engine, when its workers are ready. They do not keep a process alive, and end with `engine.dispose()`.
 * @throws {Error} where there is no WebAssembly SIMD, in one sentence that says what has it
 * @throws {TypeError | RangeError} if an option is unknown, of the wrong kind or out of range
 *
 * @example
 * ```ts
 * const engine = await createThreadedEngine({ threads: 2 });
 * const x = engine.tensor("f32", [2048, 768]);
 * rmsNorm(x, { out: x }); // on two threads
 * engine.dispose();
 * ```
 */
export async function createThreadedEngine(options: ThreadedEngineOptions = {}): Promise<ThreadedEngine> {
  checkNames(OP, OPTIONS, options);
  const { threads, worker, maximumBytes, ...others } = options;
  const wanted = threads === undefined ? Math.min(parallelism(), DEFAULT_MOST) : checkCount(OP, "threads", threads);
  if (wanted > MOST) throw rangeError(OP, "threads", `at most ${MOST}`, wanted);
  const address = typeof worker === "object" ? worker?.href : worker;
  if (worker !== undefined && typeof address !== "string") {
    throw typeError(OP, "worker", "the address of orthonorm/threads/worker.js", worker);
  }
  if (maximumBytes !== undefined) {
    if (typeof maximumBytes !== "number") throw typeError(OP, "maximumBytes", "a number of bytes", maximumBytes);
    if (!(maximumBytes >= LEAST_BYTES)) throw rangeError(OP, "maximumBytes", `at least ${LEAST_BYTES}`, maximumBytes);
  }
  const own = maximumBytes === undefined ? others : { ...others, maximumBytes };
  const reason = wanted === 1 ? undefined : hindrance();
  if (wanted === 1 || reason !== undefined) return warn(new EngineWithThreads(OP, own, { reason }));
  const memory = createSharedMemory(OP, maximumBytes);
  const pool = new Pool(memory);
  const engine = new EngineWithThreads(OP, own, { memory, pool, threads: wanted });
  await pool.start(wanted - 1, memory, address);
  return warn(engine);
}

/** Says once why an engine has not the threads that it should have. */
function warn(engine: ThreadedEngine): ThreadedEngine {
  if (engine.reason !== undefined && !warned) {
    warned = true;
    console.warn(`orthonorm: ${engine.reason}`);
  }
  return engine;
}
