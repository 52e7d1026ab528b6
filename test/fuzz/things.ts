// What a sequence of steps has made, and what the model knows of it.

import type { DType, Engine, Tensor } from "orthonorm";
import { decode, encode } from "../support/dtypes.js";

export type Numbers = Float32Array | Float64Array | Uint16Array;
export const BYTES: Readonly<Record<DType, number>> = { f32: 4, f64: 8, f16: 2, bf16: 2 };
export const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
export const isHalf = (dtype: unknown): dtype is "f16" | "bf16" => dtype === "f16" || dtype === "bf16";
export const wideOf = (dtype: DType): "f32" | "f64" => (dtype === "f64" ? "f64" : "f32");
/** WebAssembly's limit, less a page that no engine takes. */
export const LARGEST = 65535 * 65536;
export const aligned = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / 64) * 64;

/** Bytes that only a step may change: a plain buffer, or the block of a Tensor. `shadow` is what must be in them. */
export class Store {
  readonly shadow: Uint8Array;

  constructor(
    readonly name: string,
    readonly real: () => Uint8Array,
  ) {
    this.shadow = real().slice();
  }

  /** What is there is right. */
  adopt(start = 0, end = this.shadow.length): void {
    this.shadow.set(this.real().subarray(start, end), start);
  }

  /** The first byte that is not what it must be; -1 if there is none. */
  difference(): number {
    const real = this.real();
    const { shadow } = this;
    if (real.length !== shadow.length) return Math.min(real.length, shadow.length);
    let at = 0;
    if (real.byteOffset % 4 === 0) {
      const [found, right] = [real, shadow].map((all) => new Uint32Array(all.buffer, all.byteOffset, all.length >> 2));
      let word = 0;
      while (word < right.length && found[word] === right[word]) word++;
      at = 4 * word;
    }
    while (at < shadow.length && real[at] === shadow[at]) at++;
    return at === shadow.length ? -1 : at;
  }
}

/** Elements of a store: rows of `cols`, each `stride` bytes after the one before. */
export interface Region {
  readonly store: Store;
  readonly start: number;
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
  /** Bytes of an element. */
  readonly size: number;
}

/** The first byte of each row, and the one after its last. */
function rowsOf({ start, rows, cols, stride, size }: Region): [number, number][] {
  return Array.from({ length: cols === 0 ? 0 : rows }, (_, r) => [
    start + r * stride,
    start + r * stride + cols * size,
  ]);
}

/** Have two regions an element in common? Asked of every pair of rows, so that there is nothing to get wrong. */
export function meet(a: Region, b: Region): boolean {
  if (a.store !== b.store) return false;
  const others = rowsOf(b);
  return rowsOf(a).some(([start, end]) => others.some(([from, to]) => start < to && from < end));
}

/** Are two regions the same elements in the same order? */
export function same(a: Region, b: Region): boolean {
  const bytes = (region: Region) =>
    rowsOf(region).flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i));
  if (a.store !== b.store || a.size !== b.size) return false;
  const [mine, others] = [bytes(a), bytes(b)];
  return mine.length === others.length && mine.every((byte, i) => byte === others[i]);
}

/** The elements of a region as an array of their own, row after row. */
export function elementsOf(region: Region, dtype: DType): Numbers {
  const all = new Uint8Array(region.rows * region.cols * region.size);
  for (const [r, [start, end]] of rowsOf(region).entries()) {
    all.set(region.store.shadow.subarray(start, end), r * region.cols * region.size);
  }
  return viewOf(dtype, all.buffer);
}

export function viewOf(dtype: DType, buffer: ArrayBuffer): Numbers {
  if (dtype === "f32") return new Float32Array(buffer);
  return dtype === "f64" ? new Float64Array(buffer) : new Uint16Array(buffer);
}

/** A region was written, as it should be. */
export function adopt(region: Region): void {
  for (const [start, end] of rowsOf(region)) region.store.adopt(start, end);
}

export interface EngineThing {
  readonly kind: "engine";
  readonly name: string;
  readonly real: Engine;
  readonly memory: WebAssembly.Memory | undefined;
  /** The most that its memory may grow to. */
  readonly limit: number;
  /** Its memory's buffer, when last seen. */
  buffer: ArrayBufferLike | undefined;
  live: boolean;
}

export interface TensorThing {
  readonly kind: "tensor";
  readonly name: string;
  readonly real: Tensor;
  readonly engine: EngineThing;
  /** The Tensor that has the memory. */
  readonly root: TensorThing;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly rows: number;
  readonly cols: number;
  /** In the store of its root. */
  readonly region: Region;
  /** Of a root: its first byte in the engine's memory, and how many bytes its block has. */
  readonly address: number;
  readonly bytes: number;
  /** Has dispose been called of it? */
  disposed: boolean;
}

export interface ArrayThing {
  readonly kind: "array";
  readonly name: string;
  readonly real: Numbers;
  readonly storage: Storage;
}

export type Thing = EngineThing | TensorThing | ArrayThing;
export type Storage = "f32" | "f64" | "f16" | "bits";

export function isLive(tensor: TensorThing): boolean {
  return !tensor.disposed && !tensor.root.disposed && tensor.engine.live;
}

export function storageOf(value: unknown): Storage | undefined {
  switch (Object.prototype.toString.call(value)) {
    case "[object Float32Array]":
      return "f32";
    case "[object Float64Array]":
      return "f64";
    case "[object Uint16Array]":
      return "bits";
    case "[object Float16Array]":
      return "f16";
    default:
      return undefined;
  }
}

export { decode, encode };
