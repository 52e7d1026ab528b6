/** The engine's kernels without the engine, and a copy in the same style: both over a memory that they are given. */
import { bytesOf } from "../bindings/engine/variants.js";
import { norm } from "../bindings/wasm/norm.js";

export interface Modules {
  /** The norms' exports, for all element types. */
  kernels: Record<string, (...args: number[]) => void>;
  /** Bytes from x to y, which may be x. */
  copy: (y: number, x: number, bytes: number) => void;
}

const dtypes = ["f32", "f64", "f16", "bf16"] as const;

export function instantiate(memory: WebAssembly.Memory): Modules {
  const exports = (bytes: Uint8Array<ArrayBuffer>) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, scratch: 0 } }).exports;
  return {
    kernels: Object.assign({}, ...dtypes.flatMap((dtype) => bytesOf(norm, undefined, dtype).map(exports))),
    copy: exports(copyModule()).copy as Modules["copy"],
  };
}

// The copy is assembled here, byte by byte, so that a page needs no compiler. In text, with `step` 64, then 1:
//
//   (func (export "copy") (param $y i32) (param $x i32) (param $bytes i32) …
//     (local.set $stop (i32.add (local.get $x) (i32.and (local.get $bytes) (i32.const -step))))
//     (if (i32.ne (local.get $x) (local.get $stop)) (then (loop
//       four v128.load, then four v128.store (or one byte)
//       x += step; y += step
//       (br_if 0 (i32.ne (local.get $x) (local.get $stop)))))))
//
// Loads before stores, as in the kernels: with y = x it is the copy in place, which reads and writes every byte.

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const ADD = 0x6a;
const AND = 0x71;
const NE = 0x47;
const END = 0x0b;
/** i32.const, signed LEB128 of −64 … 8191. */
const constant = (value: number) =>
  value >= -64 && value < 64 ? [0x41, value & 0x7f] : [0x41, (value & 0x7f) | 0x80, value >> 7];
const [y, x, bytes, stop, v0] = [0, 1, 2, 3, 4];

function loop(step: number, body: number[]): number[] {
  const advance = (local: number) => [...get(local), ...constant(step), ADD, ...set(local)];
  const more = [...get(x), ...get(stop), NE];
  const last = [...get(x), ...get(bytes), ...constant(-step), AND, ADD, ...set(stop)];
  return [...last, ...more, 0x04, 0x40, 0x03, 0x40, ...body, ...advance(x), ...advance(y), ...more, 0x0d, 0, END, END];
}

function copyModule(): Uint8Array<ArrayBuffer> {
  const vectors = [0, 1, 2, 3];
  const body = [
    ...loop(64, [
      ...vectors.flatMap((i) => [...get(x), 0xfd, 0x00, 4, 16 * i, ...set(v0 + i)]),
      ...vectors.flatMap((i) => [...get(y), ...get(v0 + i), 0xfd, 0x0b, 4, 16 * i]),
    ]),
    // what is left, bytes modulo 64
    ...[...get(bytes), ...constant(63), AND, ...set(bytes)],
    ...loop(1, [...get(y), ...get(x), 0x2d, 0, 0, 0x3a, 0, 0]),
  ];
  const text = (s: string) => [s.length, ...new TextEncoder().encode(s)];
  /** Anything with its length before it, in two bytes of LEB128. */
  const sized = (content: number[]) => [(content.length & 0x7f) | 0x80, content.length >> 7, ...content];
  const [i32, v128, func, memory] = [0x7f, 0x7b, 0, 2];
  const locals = [2, 1, i32, 4, v128];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized([1, 0x60, 3, i32, i32, i32, 0])],
    ...[2, ...sized([1, ...text("env"), ...text("memory"), memory, 0, 1])],
    ...[3, ...sized([1, 0])],
    ...[7, ...sized([1, ...text("copy"), func, 0])],
    ...[10, ...sized([1, ...sized([...locals, ...body, END])])],
  ]);
}
