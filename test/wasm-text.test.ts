// The text in which a bundle carries kernels: any bytes come back, by the module that the bindings carry.

import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { codeFor, decode, encode } from "../bindings/engine/wasm-text.js";
import { decoder } from "../bindings/wasm/decoder.js";

const module = new WebAssembly.Module(Uint8Array.from(decoder()));
const bytes = fc.uint8Array({ maxLength: 3000 });

afterEach(() => void vi.unstubAllGlobals());

it("bytes come back from their text, whatever bytes its code was made for", () => {
  fc.assert(
    fc.property(bytes, bytes, (content, others) => {
      const code = codeFor(others);
      const text = encode(code, content);
      expect(text).toMatch(/^[ -~]*$/);
      expect(text).not.toMatch(/["'\\`$<]/);
      expect([...decode(code, text, module)]).toEqual([...content]);
    }),
  );
});

it("also every byte, texts of many pages, and where there is no TextEncoder", () => {
  const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3);
  const code = codeFor(content.subarray(0, 100));
  const text = encode(code, content);
  expect(Buffer.compare(decode(code, text, module), content)).toBe(0);
  vi.stubGlobal("TextEncoder", undefined);
  expect(Buffer.compare(decode(code, text, module), content)).toBe(0);
});

it("the decoder is what a main thread may compile at once", () => {
  expect(decoder().length).toBeLessThan(200);
});
