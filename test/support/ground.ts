// The kernels by themselves, in a memory of which every byte is known: no bindings, so that what fails here is a
// kernel. Modules come from the texts that the bindings carry.

import { dtypes as all, int8Ops, ops } from "../../abi/ops.js";
import { bytesOf } from "../../bindings/engine/variants.js";
import { allFamilies } from "../../bindings/wasm/families.js";
import { decode, type ElementType, encode } from "./dtypes.js";

/** Every element type. */
export const dtypes: readonly ElementType[] = all;
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Bytes of an element. */
export const sizeOf = { f32: 4, f64: 8, f16: 2, bf16: 2 } as const;
/** The element type of parameters and of results per row. */
export const wideOf = (dtype: ElementType) => (dtype === "f64" ? "f64" : "f32");
export const isHalf = (dtype: ElementType): dtype is "f16" | "bf16" => dtype === "f16" || dtype === "bf16";

/** The bytes of scratch that an instance has. */
export const scratchBytes = 2048;

interface Entry {
  readonly family: string;
  readonly operands: Readonly<Record<string, { readonly role: string; readonly shape: string }>>;
  readonly sizes?: readonly string[];
  readonly scalars?: Readonly<Record<string, string>>;
  readonly internal?: Readonly<Record<string, string>>;
}

const table = { ...ops, ...int8Ops };

type Kernel = (...args: number[]) => number | undefined;

const compiled = new Map<string, WebAssembly.Module>();

/** The module of a family for an element type. */
export function moduleOf(family: string, dtype: ElementType): WebAssembly.Module {
  const name = `${family} ${dtype}`;
  let module = compiled.get(name);
  if (module === undefined) {
    const found = allFamilies().find((one) => one.name === family);
    if (found?.[dtype] === undefined) throw new Error(`no module of ${name}`);
    module = new WebAssembly.Module(bytesOf(found, undefined, dtype)[0]);
    compiled.set(name, module);
  }
  return module;
}

/** Rows of an element type in memory, `stride` bytes from one to the next. */
export interface Block {
  readonly at: number;
  readonly dtype: ElementType;
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
  /** The rows, without what lies between them. */
  read(): Numbers;
  /** The numbers that they are. */
  exact(): Float64Array;
}

export interface Place {
  /** How many rows the values are. Default: 1. */
  rows?: number;
  /** Elements between one row and the next. Default: none. */
  gap?: number;
}

const FILL = 0xa5;

/** Are these the same? Without a branch in the loop, for it runs over the whole memory after each call. */
function equal(a: Int32Array, b: Int32Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i += 4) {
    difference |= (a[i] ^ b[i]) | (a[i + 1] ^ b[i + 1]) | (a[i + 2] ^ b[i + 2]) | (a[i + 3] ^ b[i + 3]);
  }
  return difference === 0;
}

/**
 * Kernels over a memory full of 0xa5. Operands lie at odd offsets with guards on both sides and in the gaps between their rows; a
 * call may change its outputs, its workspace and the instance's scratch, and nothing else.
 */
export class Ground {
  readonly memory: WebAssembly.Memory;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  /** What they were before a call. */
  private readonly before: Uint8Array<ArrayBuffer>;
  private readonly kernels = new Map<string, Kernel>();
  private readonly bottom: number;
  private top: number;
  private blocks = 0;

  /** `from` is where blocks begin: two Grounds in one memory take different parts of it. */
  constructor(
    pages = 5,
    memory?: WebAssembly.Memory,
    readonly scratch = 0,
    from = scratch + scratchBytes,
  ) {
    this.memory = memory ?? new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.memory.buffer as ArrayBuffer);
    if (memory === undefined) this.bytes.fill(FILL);
    this.before = this.bytes.slice();
    this.bottom = from;
    this.top = from;
  }

  /** So many elements, or numbers rounded to the type; bits are taken as they are. */
  put(dtype: ElementType, values: ArrayLike<number> | number, { rows = 1, gap = 0 }: Place = {}): Block {
    const length = typeof values === "number" ? values : values.length;
    const [size, cols] = [sizeOf[dtype], length / rows];
    const stride = (cols + gap) * size;
    // guards of 9 elements at least, and no two blocks alike beside a vector's width
    const guard = (9 + (this.blocks++ % 4)) * size;
    const at = Math.ceil(this.top / 64) * 64 + guard;
    const end = at + (rows - 1) * stride + cols * size;
    this.top = end + guard;
    if (this.top > this.bytes.length) throw new Error(`${this.top} bytes do not fit into ${this.bytes.length}`);
    const { bytes } = this;
    if (typeof values !== "number") {
      const given = values instanceof Uint16Array ? values : encode(dtype, values);
      const raw = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
      for (let r = 0; r < rows; r++) bytes.set(raw.subarray(r * cols * size, (r + 1) * cols * size), at + r * stride);
    }
    const read = () => {
      const raw = new Uint8Array(length * size);
      for (let r = 0; r < rows; r++) {
        raw.set(bytes.subarray(at + r * stride, at + r * stride + cols * size), r * cols * size);
      }
      if (dtype === "f32") return new Float32Array(raw.buffer);
      return dtype === "f64" ? new Float64Array(raw.buffer) : new Uint16Array(raw.buffer);
    };
    return { at, dtype, rows, cols, stride, read, exact: () => decode(dtype, read()) };
  }

  /**
   * Calls a kernel as the table has it: operands by name, sizes and scalars by name. Throws if a byte changed that must not.
   * `kernel` is the export's name where it is not the op's; `changes` are inputs that the kernel may change.
   */
  call(
    op: keyof typeof table,
    dtype: ElementType,
    operands: Readonly<Record<string, Block | undefined>>,
    numbers: Readonly<Record<string, number>>,
    { kernel = op, changes = [] }: { kernel?: string; changes?: readonly Block[] } = {},
  ): number | undefined {
    const entry: Entry = table[op];
    const names = Object.keys(entry.operands);
    const matrices = names.filter((name) => entry.operands[name].shape === "rows cols");
    const gapless = matrices.every((name) => {
      const block = operands[name];
      return block === undefined || block.stride === block.cols * sizeOf[block.dtype];
    });
    let strides = 0;
    if (!gapless) {
      strides = Math.ceil(this.top / 64) * 64;
      const view = new Int32Array(this.memory.buffer, strides, matrices.length);
      for (const [k, name] of matrices.entries()) view[k] = operands[name]?.stride ?? 0x5a5a5a;
    }
    const more = ["rows", "cols", ...(entry.sizes ?? []), ...Object.keys({ ...entry.scalars, ...entry.internal })];
    const args = [...names.map((name) => operands[name]?.at ?? 0), strides, ...more.map((name) => numbers[name])];
    const missing = more.find((name) => typeof numbers[name] !== "number");
    if (missing !== undefined) throw new Error(`${op}: ${missing} is missing`);

    const { bytes, before } = this;
    before.set(bytes);
    const result = this.kernel(entry.family, kernel, dtype)(...args);
    before.set(bytes.subarray(this.scratch, this.scratch + scratchBytes), this.scratch);
    const outputs = names.filter((name) => entry.operands[name].role !== "in").map((name) => operands[name]);
    for (const block of [...outputs, ...changes]) {
      if (block === undefined) continue;
      for (let r = 0; r < block.rows; r++) {
        const start = block.at + r * block.stride;
        before.set(bytes.subarray(start, start + block.cols * sizeOf[block.dtype]), start);
      }
    }
    if (!equal(new Int32Array(before.buffer), new Int32Array(bytes.buffer))) {
      const wrong = bytes.findIndex((byte, at) => byte !== before[at]);
      throw new Error(`${kernel} ${dtype}: byte ${wrong} changed, which is outside the outputs`);
    }
    return result;
  }

  /** Fills the blocks' part of memory anew. */
  clear(): void {
    this.bytes.fill(FILL, this.bottom, Math.min(this.top + 128, this.bytes.length));
    this.top = this.bottom;
    this.blocks = 0;
  }

  private kernel(family: string, name: string, dtype: ElementType): Kernel {
    const key = `${name}_${dtype}`;
    let kernel = this.kernels.get(key);
    if (kernel === undefined) {
      const env = {
        memory: this.memory,
        scratch: new WebAssembly.Global({ value: "i32", mutable: false }, this.scratch),
      };
      const { exports } = new WebAssembly.Instance(moduleOf(family, dtype), { env });
      for (const [one, value] of Object.entries(exports)) this.kernels.set(one, value as Kernel);
      kernel = this.kernels.get(key);
    }
    if (kernel === undefined) throw new Error(`no kernel ${key}`);
    return kernel;
  }
}
