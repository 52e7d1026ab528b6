import type { EngineOptions } from "../engine/engine.js";
import { inside } from "../index.js";
import { ThreadedCore } from "./core.js";
import { scratchOf } from "./job.js";
import type { Pool } from "./pool.js";

/** The memory and the workers of an engine that has some. */
interface Shared {
  readonly memory: WebAssembly.Memory;
  readonly pool: Pool;
  /** How many threads have a scratch in the memory. */
  readonly threads: number;
}

/** Ends the workers of engines that nobody has any more. */
const abandoned = new FinalizationRegistry<Pool>((pool) => pool.stop());

/** @internal What `createThreadedEngine` makes: an engine with workers or, where there can be none, one that knows why. */
export class EngineWithThreads extends inside.Engine {
  readonly #pool: Pool | undefined;
  readonly #reason: string | undefined;

  constructor(op: string, options: EngineOptions, how: Shared | { readonly reason: string | undefined }) {
    const shared = "pool" in how ? how : undefined;
    super(op, options, {}, shared && ThreadedCore, shared?.memory);
    this.#pool = shared?.pool;
    this.#reason = "reason" in how ? how.reason : undefined;
    if (shared === undefined) return;
    const core = inside.Engine.coreOf(this) as ThreadedCore;
    core.begin(shared.pool, scratchOf(shared.threads));
    abandoned.register(core, shared.pool); // which its Tensors hold
  }

  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  get reason(): string | undefined {
    return this.#pool?.reason ?? this.#reason;
  }

  /** `Engine simd, 1536 bytes in use, 2 threads`. */
  override toString(): string {
    if (this.disposed) return super.toString();
    return `${super.toString()}, ${this.threads === 1 ? "1 thread" : `${this.threads} threads`}`;
  }
}
