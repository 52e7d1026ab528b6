/// <reference lib="esnext.disposable" preserve="true" />
import { checkBuffer, elements, foreign, rangeError, typeError, verbatim } from "../check.js";
import { Arena, LARGEST, type MemoryLike } from "../memory/arena.js";
import {
  BYTES,
  DTYPES,
  type DType,
  isDType,
  isHalf,
  kindOf,
  storageOf,
  type TypedArray,
  toHalf,
} from "../memory/dtype.js";
import { checkShape, Place, rowsOf, Tensor } from "../memory/tensor.js";
import { checkNames } from "../names.js";
import type { FamilyName } from "../wasm/names.js";
import { Core } from "./core.js";
import { has32BitAddresses, needWebAssembly, type Relaxed, type Variant } from "./variants.js";

/** Options of `createEngine`. */
export interface EngineOptions {
  /**
   * Which build of the kernels runs. "auto", the default, is "simd", which has the same bits everywhere. `relaxed`, which the
   * package exports, makes layerNorm faster where the runtime fuses a product and a sum (V8, SpiderMonkey). Where a runtime
   * has no relaxed SIMD, "simd" runs.
   */
  variant?: "auto" | "simd" | Relaxed;
  /**
   * A WebAssembly.Memory to use, with 32-bit addresses and not shared. It is the engine's alone, from its first byte.
   * Default: a new one.
   */
  memory?: MemoryLike;
  /** The size in bytes up to which the memory may grow: 65536 at least. Default: WebAssembly's limit, 4 GiB less a page. */
  maximumBytes?: number;
}

/** Compiled kernels by family: each a WebAssembly.Module made of `orthonorm/wasm/norm.simd.wasm` or another such file. */
export type Modules = Partial<Record<FamilyName, object>>;

/** The memories that engines use. */
const memories = new WeakSet<object>();

/**
 * A WebAssembly memory and the kernels that run over it. Several engines share nothing.
 *
 * @example
 * ```ts
 * const engine = createEngine({ maximumBytes: 1 << 24 });
 * const x = engine.tensor("f32", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]);
 * rmsNorm(x, { out: x }); // runs on the Tensor's engine
 * engine.bytesInUse; // 64
 * engine.dispose();
 * ```
 */
export class Engine {
  readonly #core: Core;

  /** @internal Use `createEngine` or `loadEngine`. An engine with workers brings an inside and a memory, which is shared. */
  constructor(
    op: string,
    options: EngineOptions,
    modules: Readonly<Record<string, WebAssembly.Module>>,
    Inside = Core,
    shared?: WebAssembly.Memory,
  ) {
    const { variant = "auto", memory, maximumBytes = LARGEST } = options;
    const relaxed = typeof variant === "object" && variant?.name === "relaxed" ? variant : undefined;
    if (variant !== "auto" && variant !== "simd" && relaxed === undefined) {
      throw rangeError(op, "variant", '"auto", "simd" or relaxed (an export of orthonorm)', variant);
    }
    needWebAssembly();
    if (memory !== undefined) checkMemory(op, memory);
    if (typeof maximumBytes !== "number") throw typeError(op, "maximumBytes", "a number of bytes", maximumBytes);
    if (!(maximumBytes >= 65536)) throw rangeError(op, "maximumBytes", "at least 65536", maximumBytes);
    const arena = new Arena(op, shared ?? (memory as WebAssembly.Memory | undefined), maximumBytes);
    this.#core = new Inside(arena, relaxed?.runs() ? relaxed : undefined, modules);
    memories.add(arena.memory);
  }

  /** The build of the kernels that this engine runs. */
  get variant(): Variant {
    return this.#core.relaxed === undefined ? "simd" : "relaxed";
  }

  /** The bytes of all live Tensors, each rounded up to a multiple of 64. */
  get bytesInUse(): number {
    return this.#core.arena.bytesInUse;
  }

  /** @internal By which another copy of this package knows it in an error. */
  get [Symbol.toStringTag](): string {
    return "Engine";
  }

  /** Has the engine been disposed of? */
  get disposed(): boolean {
    return this.#core.arena.disposed;
  }

  /**
   * Makes a Tensor in this engine's memory.
   *
   * @param dtype the element type
   * @param shape all dimensions, or the length of one vector; the last dimension is the length of a row
   * @param data as many numbers as `shape` says, rounded to the element type; for f16 and bf16 also their bits, in a
   *   Uint16Array. Default: zeros
   * @throws {TypeError | RangeError} if an argument is of the wrong kind, or data has another number of elements than shape
   */
  tensor<D extends DType>(dtype: D, shape: number | readonly number[], data?: ArrayLike<number>): Tensor<D> {
    const op = "tensor";
    const core = this.#core;
    core.live(op);
    if (!isDType(dtype)) throw rangeError(op, "dtype", DTYPES, dtype);
    const dims = checkShape(op, shape);
    const { rows, cols } = rowsOf(dims);
    if (data !== undefined) checkNumbers(op, dtype, data, rows * cols);
    // data may be a view of this memory, which `allocate` detaches when the memory grows
    if (ArrayBuffer.isView(data) && data.buffer === core.arena.buffer) data = (data as unknown as TypedArray).slice();
    const row = cols * BYTES[dtype];
    const block = core.arena.allocate(op, rows * row);
    const made = new Tensor<D>(new Place(core, block, dtype, rows, cols, block.start, row), dims);
    // not by `made.data`: to make that array, and to keep the Tensor for it, takes as long as all else here
    const all = core.arena.elements(dtype);
    const at = block.start / BYTES[dtype];
    if (data === undefined) all.fill(0, at, at + rows * cols);
    else if (isHalf(dtype) && storageOf(data) !== "bits") {
      for (let i = 0; i < data.length; i++) all[at + i] = toHalf(dtype, data[i]);
    } else all.set(data, at);
    return made;
  }

  /** Lets the memory go, and disposes of its Tensors. In place of a default engine, the next call makes a new one. */
  dispose(): void {
    if (this.disposed) return;
    memories.delete(this.#core.arena.memory);
    this.#core.dispose();
    if (shared === this) shared = undefined;
  }

  /** `using engine = createEngine()` disposes of it where its scope ends. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** `Engine simd, 1536 bytes in use`. */
  toString(): string {
    return this.disposed ? "Engine, disposed of" : `Engine ${this.variant}, ${this.bytesInUse} bytes in use`;
  }

  /** What console.log prints, in Node. @internal */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** @internal The inside of an Engine; undefined for all other values. */
  static coreOf(value: unknown): Core | undefined {
    return typeof value === "object" && value !== null && #core in value ? value.#core : undefined;
  }
}

/** @internal The inside of an Engine; undefined for all other values. */
export const coreOf = Engine.coreOf;

/** @internal The inside of the engine that `op` was given. */
export function checkEngine(op: string, engine: unknown): Core {
  const core = coreOf(engine);
  if (core === undefined) throw typeError(op, "engine", "an Engine", foreign(engine, "an Engine"));
  return core;
}

/** Checks a memory by what only a real one can do, so that one of another realm (frame, vm context) is taken. */
function checkMemory(op: string, memory: MemoryLike): void {
  const buffer = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, "buffer")?.get;
  try {
    buffer?.call(memory);
  } catch {
    throw typeError(op, "memory", "a WebAssembly.Memory", memory);
  }
  if (Object.prototype.toString.call(memory.buffer) !== "[object ArrayBuffer]") {
    throw rangeError(op, "memory", "one that is not shared", memory);
  }
  if (memories.has(memory)) throw rangeError(op, "memory", "one that no other engine lives in", memory);
  if (!has32BitAddresses(memory as WebAssembly.Memory)) {
    throw rangeError(op, "memory", "one of 32-bit addresses", verbatim("one of 64-bit addresses"));
  }
  if (memory.buffer.byteLength === 0 && !hasRoom(memory)) {
    throw rangeError(op, "memory", "at least one page of 65536 bytes", verbatim("0 bytes"));
  }
}

/** Gives a memory without pages its first one. Does it get it? */
function hasRoom(memory: MemoryLike): boolean {
  try {
    return memory.grow(1) >= 0;
  } catch {
    return false;
  }
}

/** Refuses data that are not `length` numbers. A hole, a string or a nested array would become NaN, 0 or 1 in silence. */
function checkNumbers(op: string, dtype: DType, data: unknown, length: number): void {
  const kind = kindOf.call(data);
  const numbers = kind === undefined ? Array.isArray(data) : !kind.startsWith("Big");
  if (!numbers) throw typeError(op, "data", "an array of numbers", data);
  if (kind === "Uint16Array" && !isHalf(dtype)) throw typeError(op, "data", `numbers for ${dtype}`, data);
  if (kind !== undefined) checkBuffer(op, "data", data as TypedArray);
  const array = data as ArrayLike<unknown>;
  if (array.length !== length) throw rangeError(op, "data", elements(length), verbatim(`${array.length}`));
  if (kind !== undefined) return;
  for (let i = 0; i < length; i++) {
    if (typeof array[i] !== "number") throw typeError(op, `data[${i}]`, "a number", array[i]);
  }
}

const OPTIONS = ["variant", "memory", "maximumBytes"];

let shared: Engine | undefined;

/**
 * The engine on which typed arrays run where a call names no other. It is made when it is first asked for.
 *
 * @throws {Error} where there is no WebAssembly SIMD, in one sentence that says what has it
 *
 * @example
 * ```ts
 * layerNorm(new Float32Array([1, 2, 3, 4]));
 * defaultEngine().variant; // "simd"
 * ```
 */
export function defaultEngine(): Engine {
  shared ??= createEngine();
  return shared;
}

/**
 * Makes an engine of your own: a memory, and kernels that are compiled at their first use.
 *
 * @throws {Error} where there is no WebAssembly SIMD, in one sentence that says what has it
 * @throws {TypeError | RangeError} if an option is unknown, of the wrong kind or out of range
 *
 * @example
 * ```ts
 * const engine = createEngine({ maximumBytes: 1 << 24 }); // 16 MiB at most
 * layerNorm(new Float32Array([1, 2, 3, 4]), { engine });
 * engine.dispose();
 * ```
 */
export function createEngine(options: EngineOptions = {}): Engine {
  checkNames("createEngine", OPTIONS, options);
  return new Engine("createEngine", options, {});
}

/**
 * Makes a Tensor on the default engine, as `engine.tensor` does on another.
 *
 * @param dtype the element type
 * @param shape all dimensions, or the length of one vector; the last dimension is the length of a row
 * @param data as many numbers as `shape` says, rounded to the element type; for f16 and bf16 also their bits, in a
 *   Uint16Array. Default: zeros
 * @throws {TypeError | RangeError} if an argument is of the wrong kind, or data has another number of elements than shape
 *
 * @example
 * ```ts
 * const x = tensor("f16", [2, 2], [1, 2, 3, 4]);
 * x.data; // [15360, 16384, 16896, 17408]: bits
 * x.dispose();
 * ```
 */
export function tensor<D extends DType>(
  dtype: D,
  shape: number | readonly number[],
  data?: ArrayLike<number>,
): Tensor<D> {
  return defaultEngine().tensor(dtype, shape, data);
}
