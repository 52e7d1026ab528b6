import type { Export, Kernel } from "../call/op.js";
import { rangeError, verbatim } from "../check.js";
import { type Arena, SCRATCH_BYTES } from "../memory/arena.js";
import { type DType, dtypes } from "../memory/dtype.js";
import { bytesOf, compile, type Family, type Relaxed } from "./variants.js";

export type Exports = Record<string, Kernel | undefined>;

/** The address of the kernels' scratch. The arena hands out nothing below 2 KiB. */
const SCRATCH = 0;

/** So many rows of so many elements. */
export interface Rows {
  readonly rows: number;
  readonly cols: number;
}

/** What an engine keeps from one call to the next. */
export interface CallState {
  /** Lets go of every view of the engine's memory. */
  releaseViews(): void;
}

/** The inside of an engine: its memory and the kernels that run over it. Each family is compiled at its first use. */
export class Core {
  /** How an engine with workers has the bytes of a family's modules for its shared memory. */
  declare readonly bytes?: typeof bytesOf;
  /** Used for every call, since ops are synchronous. The first call makes it. */
  call: CallState | undefined;
  protected readonly families = new Map<Family, Partial<Record<DType, Exports>>>();
  private readonly kernels = new Map<Export, Partial<Record<DType, Kernel>>>();
  /** The kernel of the last call: a loop mostly wants it again, and looking it up in a Map takes as long as a small row. */
  private lastOf: Export | undefined;
  private lastDType: DType | undefined;
  private lastKernel: Kernel | undefined;

  /** Where calls leave a kernel's strides: the last 64 bytes of its scratch. */
  readonly strides = SCRATCH + SCRATCH_BYTES - 64;

  constructor(
    readonly arena: Arena,
    /** Kernels that replace some of the families' own. */
    readonly relaxed: Relaxed | undefined,
    /** The modules that the user gave, by the names of their families. */
    readonly modules: Readonly<Record<string, WebAssembly.Module | undefined>>,
  ) {
    arena.i32[this.strides / 4 - 1] = 0; // `part` in assembly/scratch.ts: a memory that the user gave may hold anything
  }

  /** A kernel for an element type. `op` is the op that asks for it, for errors; `_rows` are those that it is for. */
  kernel<K extends Kernel>(op: string, of: Export<K>, dtype: DType, _rows?: Rows): K {
    if (of === this.lastOf && dtype === this.lastDType) return this.lastKernel as K;
    let kernels = this.kernels.get(of);
    if (kernels === undefined) {
      kernels = {};
      this.kernels.set(of, kernels);
    }
    const kernel = kernels[dtype] ?? this.find(op, of.family, `${of.kernel}_${dtype}`, dtype);
    kernels[dtype] = kernel;
    this.lastOf = of;
    this.lastDType = dtype;
    this.lastKernel = kernel;
    return kernel as K;
  }

  /** The kernel that converts halves to f32. Every family has it whose parameters may be halves. */
  widen({ name, family }: { name: string; family: Family }, dtype: DType): (...args: number[]) => void {
    return this.find(name, family, `toF32_${dtype}`, dtype) as (...args: number[]) => void;
  }

  private find(op: string, family: Family, name: string, dtype: DType): Kernel {
    const kernel = this.exports(op, family, dtype)[name];
    if (kernel !== undefined) return kernel;
    throw rangeError(op, `modules.${family.name}`, "the module of that family", verbatim(`one without ${name}`));
  }

  /** The exports of a family for an element type. */
  protected exports(op: string, family: Family, dtype: DType): Exports {
    const exports = this.families.get(family)?.[dtype];
    if (exports !== undefined) return exports;
    if (family[dtype] === undefined) {
      const got = verbatim(`"${dtype}", which orthonorm/${dtype} has, and orthonorm`);
      throw rangeError(op, "dtype", `"${family.only}", the only one of orthonorm/${family.only}`, got);
    }
    return this.keep(family, dtype, bytesOf(family, this.relaxed, dtype).map(compile).map(this.link));
  }

  protected readonly link = (module: WebAssembly.Module): WebAssembly.Exports =>
    new WebAssembly.Instance(module, this.imports).exports;

  /** What every module imports. */
  get imports(): WebAssembly.Imports {
    return { env: { memory: this.arena.memory, scratch: SCRATCH } };
  }

  /** Keeps the exports that together are a family for an element type. `_modules` are those that they are of. */
  keep(
    family: Family,
    dtype: DType,
    parts: readonly WebAssembly.Exports[],
    _modules?: readonly WebAssembly.Module[],
  ): Exports {
    let kept = this.families.get(family);
    if (kept === undefined) {
      kept = {};
      this.families.set(family, kept);
    }
    const exports: Exports = Object.assign({}, ...parts);
    // a module that the user gave has the kernels of all element types
    for (const type of this.modules[family.name] === undefined ? [dtype] : dtypes) kept[type] = exports;
    return exports;
  }

  live(op: string): void {
    if (this.arena.disposed) throw rangeError(op, "engine", "a live engine", verbatim("one that was disposed of"));
  }

  dispose(): void {
    this.arena.dispose();
    this.families.clear();
    this.kernels.clear();
    this.lastOf = undefined;
    this.lastKernel = undefined;
    this.call?.releaseViews();
  }
}
