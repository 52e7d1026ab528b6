import type { DType } from "./dtype.js";
import { decode } from "./text.js";

/**
 * A build of the kernels. `simd` runs wherever WebAssembly has SIMD, with the same bits everywhere. `relaxed` multiplies and
 * adds with one rounding where the processor can: a little faster and no less exact, but its last bits are the machine's.
 */
export type Variant = "simd" | "relaxed";

/** The first versions with WebAssembly SIMD. */
const NEEDED = "WebAssembly SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 16.4, or newer";

/** The kernels of a family for one element type: modules, as text. */
interface Part {
  readonly simd: string;
  /** Those that relaxed SIMD makes faster; for the others there is `simd`. */
  readonly relaxed?: string;
}

/** A family of kernels: its name in `loadEngine({ modules })`, and its parts. */
export interface Family extends Readonly<Record<DType, Part>> {
  readonly name: "norm" | "project";
  /** What the text is written in: see text.ts. */
  readonly code: string;
}

/** The bytes of a family's kernels for an element type: the modules whose exports together are this variant's. */
export function bytesOf(family: Family, variant: Variant, dtype: DType): Uint8Array<ArrayBuffer>[] {
  const { simd, relaxed } = family[dtype];
  const texts = variant === "relaxed" && relaxed !== undefined ? [simd, relaxed] : [simd];
  return texts.map((text) => decode(family.code, text));
}

/** Has this engine relaxed SIMD? Chrome 114, Firefox 146, Node 22 and newer have. */
export function hasRelaxed(): boolean {
  // (func (result v128) i32.const 0, i32x4.splat three times, f32x4.relaxed_madd)
  const splat = [0x41, 0, 0xfd, 0x11];
  const body = [0, ...splat, ...splat, ...splat, 0xfd, 0x85, 0x02, 0x0b];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(
    new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, ...code]),
  );
}

/** Why a family could not be compiled, and what to do, in one sentence. */
export function explain(error: unknown, bytes: Uint8Array<ArrayBuffer>): Error {
  return new Error(reason(error, bytes), { cause: error });
}

function reason(error: unknown, bytes: Uint8Array<ArrayBuffer>): string {
  if (!WebAssembly.validate(bytes)) return `orthonorm needs ${NEEDED}; this engine has WebAssembly without SIMD`;
  if (error instanceof RangeError && error.message.includes("main thread")) {
    return (
      "orthonorm cannot compile at once on this browser's main thread, as in Chrome before 114: await loadEngine() " +
      "instead, and give calls its engine"
    );
  }
  return (
    "orthonorm could not compile its WebAssembly: a Content-Security-Policy needs script-src 'wasm-unsafe-eval', and where " +
    "compiling bytes is forbidden, loadEngine({ modules }) takes compiled ones"
  );
}

/** Throws where there is no WebAssembly at all. */
export function needWebAssembly(): void {
  if (typeof WebAssembly === "undefined") throw new Error(`orthonorm needs ${NEEDED}; this engine has no WebAssembly`);
}
