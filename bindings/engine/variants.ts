import type { DType } from "../memory/dtype.js";
import { decoder } from "../wasm/decoder.js";
import { type Decoder, decode, decoderOf } from "./wasm-text.js";

/**
 * A build of the kernels. `simd` runs wherever WebAssembly has SIMD, with the same bits everywhere. `relaxed` multiplies and
 * adds with one rounding where the processor can. That is a little faster and no less exact, but the last bits depend on
 * the machine.
 */
export type Variant = "simd" | "relaxed";

/** The first versions with WebAssembly SIMD. */
const NEEDED = "WebAssembly SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 16.4, or newer";

/** A module per element type, as text. */
type Parts = Readonly<Partial<Record<DType, string>>>;

/** A family of kernels: kernels that are compiled and loaded together. */
export interface Family extends Parts {
  /** Its name in `loadEngine({ modules })`. */
  readonly name: string;
  /** The code in which the modules' texts are written: see wasm-text.ts. */
  readonly code: string;
  /** The one element type that it has, in an entry for that type: `orthonorm/f32` and so on. */
  readonly only?: DType;
}

/** The kernels that relaxed SIMD makes faster, by family. For all others the families' own are taken. */
export interface Relaxed {
  readonly name: "relaxed";
  /** @internal Does this runtime have relaxed SIMD? */
  readonly runs: () => boolean;
  readonly families: Readonly<Record<string, Parts>>;
}

/** @internal A family's modules for an element type. An export of the second, where there is one, replaces that of the first. */
export function bytesOf(family: Family, relaxed: Relaxed | undefined, dtype: DType): Uint8Array<ArrayBuffer>[] {
  const texts = [family[dtype], relaxed?.families[family.name]?.[dtype]];
  return texts.filter((text) => text !== undefined).map((text) => decode(family.code, text, decoding()));
}

let shared: Decoder | undefined;

/** What makes bytes of texts. */
function decoding(): Decoder {
  shared ??= decoderOf(compile(new Uint8Array(decoder())));
  return shared;
}

/** @internal A module at once, or why not in one sentence. */
export function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw explain(error, bytes);
  }
}

/** @internal Does this runtime have relaxed SIMD? Chrome 114, Firefox 146, Node 22 and newer do. */
export function hasRelaxed(): boolean {
  // (func (result v128) i32.const 0, i32x4.splat three times, f32x4.relaxed_madd)
  const splat = [0x41, 0, 0xfd, 0x11];
  const body = [0, ...splat, ...splat, ...splat, 0xfd, 0x85, 0x02, 0x0b];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(
    new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, ...code]),
  );
}

/** @internal Does a memory have the 32-bit addresses that the kernels need? A module that imports such a memory links with no other. */
export function has32BitAddresses(memory: WebAssembly.Memory): boolean {
  try {
    // (import "" "" (memory 0))
    const module = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 6, 1, 0, 0, 2, 0, 0]));
    new WebAssembly.Instance(module, { "": { "": memory } });
    return true;
  } catch (error) {
    return !(error instanceof WebAssembly.LinkError); // where compiling is forbidden, it cannot be known here
  }
}

/** @internal Why a family could not be compiled, and what to do, in one sentence. */
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

/** @internal Throws where there is no WebAssembly at all. */
export function needWebAssembly(): void {
  if (typeof WebAssembly === "undefined") throw new Error(`orthonorm needs ${NEEDED}; this engine has no WebAssembly`);
}
