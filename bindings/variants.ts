import type { DType } from "./dtype.js";
import { decode } from "./text.js";

/** A build of the kernels. `simd` runs wherever WebAssembly has SIMD, with the same bits everywhere. */
export type Variant = "simd";

/** The first versions with WebAssembly SIMD. */
const NEEDED = "WebAssembly SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 16.4, or newer";

/** A family of kernels: its name in `loadEngine({ modules })`, and for each element type the bytes of a module, as text. */
export interface Family {
  readonly name: "norm" | "project";
  /** What the text is written in: see text.ts. */
  readonly code: string;
  readonly simd: Readonly<Record<DType, string>>;
}

/** The bytes of a family's kernels for an element type, for this variant. */
export function bytesOf(family: Family, variant: Variant, dtype: DType): Uint8Array<ArrayBuffer> {
  return decode(family.code, family[variant][dtype]);
}

/** Why a family could not be compiled, in one sentence, where that can be told. */
export function explain(error: unknown, bytes: Uint8Array<ArrayBuffer>): Error {
  if (!WebAssembly.validate(bytes))
    return new Error(`orthonorm needs ${NEEDED}; this engine refuses the module`, { cause: error });
  return new Error(
    "orthonorm could not compile its WebAssembly: a Content-Security-Policy needs script-src 'wasm-unsafe-eval', and where " +
      "compiling bytes is forbidden, loadEngine({ modules }) takes compiled ones",
    { cause: error },
  );
}

/** Throws where there is no WebAssembly at all. */
export function needWebAssembly(): void {
  if (typeof WebAssembly === "undefined") throw new Error(`orthonorm needs ${NEEDED}; this engine has no WebAssembly`);
}
