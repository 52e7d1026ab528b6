/// <reference lib="esnext.disposable" preserve="true" />
import { instantiateSync } from "@assemblyscript/loader";
import { Arena, LARGEST } from "./arena.js";
import { rangeError, typeError, words } from "./check.js";
import { BYTES, type DType, dtypeOf, isTypedArray, type TypedArray, toHalf } from "./dtype.js";
import { Frame, type Kernel, type Op } from "./frame.js";
import { Tensor } from "./tensor.js";
import { bytesOf, explain, type Family, hasRelaxed, needWebAssembly, type Variant } from "./variants.js";

/** Options of `createEngine` and `loadEngine`. */
export interface EngineOptions {
  /**
   * Which build of the kernels: "auto", the default, is "simd", the same bits everywhere; "relaxed" is faster at layerNorm
   * where the engine has relaxed SIMD, and "simd" elsewhere.
   */
  variant?: Variant | "auto";
  /** A memory to live in. It is the engine's alone, from its first byte. Default: a new one. */
  memory?: WebAssembly.Memory;
  /** The most the memory may grow to, in bytes. Default: WebAssembly's limit, 4 GiB. */
  maximumBytes?: number;
}

/** Options of `loadEngine`. */
export interface LoadOptions extends EngineOptions {
  /** Compiled families, for runtimes that forbid compiling bytes: from `orthonorm/wasm/norm.simd.wasm` and so on. */
  modules?: Partial<Record<Family["name"], WebAssembly.Module>>;
}

type Kernels = Record<string, Kernel>;

const memories = new WeakSet<WebAssembly.Memory>();

/** A memory and the kernels that run over it. Several engines share nothing. */
export class Engine {
  /** Which build of the kernels this engine runs. */
  readonly variant: Variant;
  /** @internal */
  readonly arena: Arena;
  /** @internal The one call under way: ops are synchronous. */
  readonly frame: Frame;
  /** What was given compiled, by family. */
  private readonly modules: Partial<Record<Family["name"], WebAssembly.Module>>;
  private readonly families = new Map<Family, Partial<Record<DType, Kernels>>>();
  private readonly ops = new Map<Op, Partial<Record<DType, Kernel>>>();
  /** The last kernel asked for: calls in a loop mostly want it again, and a Map costs as much as a small row. */
  private lastOp: Op | undefined;
  private lastDType: DType | undefined;
  private lastKernel: Kernel | undefined;

  /** @internal Use `createEngine` or `loadEngine`. */
  constructor(op: string, options: LoadOptions) {
    if (typeof options !== "object" || options === null) throw typeError(op, "options", "an object", options);
    const { variant = "auto", memory, maximumBytes = LARGEST, modules = {} } = options;
    if (variant !== "auto" && variant !== "simd" && variant !== "relaxed") {
      throw rangeError(op, "variant", '"auto", "simd" or "relaxed"', variant);
    }
    needWebAssembly();
    if (memory !== undefined && !(memory instanceof WebAssembly.Memory)) {
      throw typeError(op, "memory", "a WebAssembly.Memory", memory);
    }
    if (memory !== undefined && !(memory.buffer instanceof ArrayBuffer)) {
      throw rangeError(op, "memory", "one that is not shared", memory);
    }
    if (memory !== undefined && memories.has(memory)) {
      throw rangeError(op, "memory", "one that no other engine lives in", memory);
    }
    if (memory !== undefined && memory.buffer.byteLength === 0 && !hasRoom(memory)) {
      throw rangeError(op, "memory", "at least one page of 65536 bytes", words("0 bytes"));
    }
    if (typeof maximumBytes !== "number") throw typeError(op, "maximumBytes", "a number of bytes", maximumBytes);
    if (!(maximumBytes >= 65536)) throw rangeError(op, "maximumBytes", "at least 65536", maximumBytes);
    if (typeof modules !== "object" || modules === null)
      throw typeError(op, "modules", "an object of modules", modules);
    for (const [name, module] of Object.entries(modules)) {
      if (name !== "norm" && name !== "project") throw rangeError(op, "modules", 'names "norm" and "project"', name);
      if (!(module instanceof WebAssembly.Module))
        throw typeError(op, `modules.${name}`, "a WebAssembly.Module", module);
    }
    if (variant === "relaxed" && Object.keys(modules).length > 0) {
      throw rangeError(op, "variant", 'one beside modules that is "simd", as they are', variant);
    }
    this.variant = variant === "relaxed" && hasRelaxed() ? "relaxed" : "simd";
    this.modules = { ...modules };
    this.arena = new Arena(memory, maximumBytes);
    memories.add(this.arena.memory);
    this.frame = new Frame(this);
  }

  /** Bytes that live Tensors take, each rounded up to 64. */
  get bytesInUse(): number {
    return this.arena.bytesInUse;
  }

  /**
   * A Tensor in this engine's memory: of zeros, or of `data`, which is an array of the element type, or numbers that are
   * rounded to it.
   *
   * @param shape all dimensions, or the length of one vector; the last dimension is the length of a row
   * @throws {TypeError | RangeError} if an argument is of the wrong kind, or data has not as many elements as shape
   */
  tensor(dtype: DType, shape: number | readonly number[], data?: TypedArray | readonly number[]): Tensor {
    const op = "tensor";
    this.live(op);
    if (!Object.hasOwn(BYTES, dtype)) throw rangeError(op, "dtype", '"f32", "f64", "f16" or "bf16"', dtype);
    const dims = typeof shape === "number" ? [shape] : shape;
    if (!Array.isArray(dims) || dims.length === 0)
      throw typeError(op, "shape", "a length or an array of dimensions", shape);
    for (const [i, n] of dims.entries()) {
      if (!Number.isSafeInteger(n) || n < (i === dims.length - 1 ? 1 : 0)) {
        throw rangeError(op, `shape[${i}]`, "a dimension: an integer, positive in the last place", n);
      }
    }
    const length = dims.reduce((a: number, b: number) => a * b, 1);
    if (data !== undefined) {
      if (!isTypedArray(data) && !Array.isArray(data)) throw typeError(op, "data", "an array of numbers", data);
      const own = isTypedArray(data) ? dtypeOf(data) : "f64";
      if (own === undefined && dtype !== "f16" && dtype !== "bf16") {
        throw typeError(op, "data", `numbers for ${dtype}`, data);
      }
      if (data.length !== length) throw rangeError(op, "data", `${length} elements`, words(`${data.length}`));
      // a view of this very memory: the memory may grow below, and the view be detached
      if (isTypedArray(data) && data.buffer === this.arena.buffer) data = data.slice() as TypedArray;
    }
    const start = this.arena.allocate(op, length * BYTES[dtype]);
    const made = new Tensor(this, dtype, dims, start);
    const view = made.data;
    try {
      if (data === undefined) view.fill(0);
      else if (view instanceof Uint16Array) fillHalves(view, dtype as "f16" | "bf16", data);
      else view.set(data as ArrayLike<number>);
    } catch {
      made.dispose(); // a BigInt or a Symbol among the numbers
      throw typeError(op, "data", "numbers", data);
    }
    return made;
  }

  /** Lets the memory go. Its Tensors are disposed of with it; the default engine is made anew at the next call. */
  dispose(): void {
    if (this.arena.disposed) return;
    memories.delete(this.arena.memory);
    this.arena.dispose();
    this.families.clear();
    this.ops.clear();
    this.lastOp = undefined;
    this.lastKernel = undefined;
    this.frame.forget();
    if (shared === this) shared = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal An op's kernel for an element type. */
  kernel(op: Op, dtype: DType): Kernel {
    if (op === this.lastOp && dtype === this.lastDType) return this.lastKernel as Kernel;
    let kernels = this.ops.get(op);
    if (kernels === undefined) {
      kernels = {};
      this.ops.set(op, kernels);
    }
    let kernel = kernels[dtype];
    if (kernel === undefined) {
      const name = `${op.name}_${dtype}`;
      kernel = this.kernels(op.family, dtype)[name];
      if (kernel === undefined) {
        const got = words(`one without ${name}`);
        throw rangeError(op.name, `modules.${op.family.name}`, "the module of that family", got);
      }
      kernels[dtype] = kernel;
    }
    this.lastOp = op;
    this.lastDType = dtype;
    this.lastKernel = kernel;
    return kernel;
  }

  /** @internal Halves to f32, a kernel that every family has. */
  widen(family: Family, dtype: DType): Kernel {
    return this.kernels(family, dtype)[`widen_${dtype}`];
  }

  /** @internal The exports of a family for an element type: compiled and instantiated at first use. */
  kernels(family: Family, dtype: DType): Kernels {
    const kernels = this.families.get(family)?.[dtype];
    if (kernels !== undefined) return kernels;
    const given = this.modules[family.name];
    const modules = given === undefined ? bytesOf(family, this.variant, dtype).map(compile) : [given];
    return this.keep(
      family,
      dtype,
      modules.map((module) => instantiateSync(module, this.imports).instance),
    );
  }

  private get imports() {
    return { env: { memory: this.arena.memory } };
  }

  /** The exports of the instances that together are a family for an element type, from now on. */
  private keep(family: Family, dtype: DType, instances: readonly WebAssembly.Instance[]): Kernels {
    let parts = this.families.get(family);
    if (parts === undefined) {
      parts = {};
      this.families.set(family, parts);
    }
    // the raw exports: the loader's own copies count arguments, which costs more than a small kernel
    const kernels: Kernels = Object.assign({}, ...instances.map((instance) => instance.exports));
    // a module that was given has all element types
    const types = this.modules[family.name] === undefined ? [dtype] : (Object.keys(BYTES) as DType[]);
    for (const type of types) parts[type] = kernels;
    return kernels;
  }

  /** @internal */
  live(op: string): void {
    if (this.arena.disposed) throw rangeError(op, "engine", "a live engine", words("one that was disposed of"));
  }

  /**
   * @internal Compiles and instantiates families ahead of their first use, off the main thread where the browser can: on
   * the main thread, Chrome before 114 does neither with more than 4 KB.
   */
  async load(families: readonly Family[]): Promise<this> {
    const load = async (family: Family, dtype: DType) => {
      const given = this.modules[family.name];
      const modules =
        given === undefined ? await Promise.all(bytesOf(family, this.variant, dtype).map(compileAhead)) : [given];
      // by the loader's own `instantiate` every page would be 0.2 KB larger, and these exports the same
      const instances = modules.map((module) => WebAssembly.instantiate(module, this.imports));
      this.keep(family, dtype, await Promise.all(instances));
    };
    const types = Object.keys(BYTES) as DType[];
    await Promise.all(
      families.flatMap((family) =>
        (this.modules[family.name] === undefined ? types : types.slice(0, 1)).map((dtype) => load(family, dtype)),
      ),
    );
    return this;
  }
}

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw explain(error, bytes);
  }
}

async function compileAhead(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw explain(error, bytes);
  }
}

/** Can a memory without pages have one? */
function hasRoom(memory: WebAssembly.Memory): boolean {
  try {
    return memory.grow(1) >= 0;
  } catch {
    return false;
  }
}

function fillHalves(view: Uint16Array, dtype: "f16" | "bf16", data: TypedArray | readonly number[]): void {
  if (data instanceof Uint16Array) view.set(data);
  else for (let i = 0; i < view.length; i++) view[i] = toHalf(dtype, data[i]);
}

let shared: Engine | undefined;

/** The engine that typed arrays run on, made at the first call. */
export function defaultEngine(): Engine {
  shared ??= createEngine();
  return shared;
}

/**
 * An engine of your own: a memory, and kernels compiled at first use.
 *
 * @throws {Error} where there is no WebAssembly SIMD, in one sentence that says what has it
 * @throws {TypeError | RangeError} if an option is of the wrong kind or out of range
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return new Engine("createEngine", options);
}

/** `engine.tensor` on the default engine. */
export function tensor(dtype: DType, shape: number | readonly number[], data?: TypedArray | readonly number[]): Tensor {
  return defaultEngine().tensor(dtype, shape, data);
}
