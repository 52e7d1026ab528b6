// The text in which a bundle carries kernels: any bytes come back, by the module that the bindings carry.

import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { codeFor, decode, decoderOf, encode } from "../bindings/engine/wasm-text.js";
import { decoder } from "../bindings/wasm/decoder.js";

const instance = decoderOf(new WebAssembly.Module(Uint8Array.from(decoder())));
const bytes = fc.uint8Array({ maxLength: 3000 });

afterEach(() => void vi.unstubAllGlobals());

it("bytes come back from their text, whatever bytes its code was made for", () => {
  fc.assert(
    fc.property(bytes, bytes, (content, others) => {
      const code = codeFor(others);
      const text = encode(code, content);
      expect(text).toMatch(/^[ -~]*$/);
      expect(text).not.toMatch(/["'\\`$<]/);
      expect([...decode(code, text, instance)]).toEqual([...content]);
    }),
  );
});

it("also every byte, texts of many pages, and where there is no TextEncoder", () => {
  const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) >> 3);
  const code = codeFor(content.subarray(0, 100));
  const text = encode(code, content);
  expect(Buffer.compare(decode(code, text, instance), content)).toBe(0);
  vi.stubGlobal("TextEncoder", undefined);
  expect(Buffer.compare(decode(code, text, instance), content)).toBe(0);
});

it("bytes stay as they are while other texts are decoded, in memory that grows", () => {
  const contents = [300, 90_000, 20].map((length) => Uint8Array.from({ length }, (_, i) => i * length));
  const texts = contents.map((content) => [codeFor(content), encode(codeFor(content), content)]);
  const decoded = texts.map(([code, text]) => decode(code, text, instance));
  for (const [i, bytes] of decoded.entries()) expect(Buffer.compare(bytes, contents[i])).toBe(0);
});

it("an engine takes one memory, and decoding one for all engines and kernels", async () => {
  const made = vi.fn();
  vi.stubGlobal("WebAssembly", {
    ...Object.fromEntries(
      Object.getOwnPropertyNames(WebAssembly).map((name) => [name, Reflect.get(WebAssembly, name)]),
    ),
    Memory: class extends WebAssembly.Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        made();
      }
    },
  });
  const { loadEngine } = await import("../bindings/engine/load.js");
  await loadEngine();
  await loadEngine();
  expect(made).toHaveBeenCalledTimes(3);
});

it("the decoder is what a main thread may compile at once", () => {
  expect(decoder().length).toBeLessThan(200);
});
