/**
 * From the import of a built package to its first result, in milliseconds: what `npm run bench` runs in processes of their
 * own. A file, not `node -e`: there Node 20 takes 6 ms to get ready for the first import, whatever it imports.
 *
 * With a second argument, `steps`, it prints JSON of the steps instead, and the time that watching them takes is in them: `read`, the
 * package read, parsed and evaluated; `decode`, its text made bytes of; `compile`; and `call`, all else of the first call. An older package
 * that decodes in JavaScript has `decode` in `call`.
 */
const steps = process.argv[3] === "steps";
const compiled = [];
if (steps) {
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(target, [bytes]) {
      const from = performance.now();
      const module = Reflect.construct(target, [bytes]);
      compiled.push({ from, to: performance.now(), bytes: bytes.length });
      return module;
    },
  });
}
const start = performance.now();
const { layerNorm } = await import(process.argv[2]);
const read = performance.now();
layerNorm(new Float32Array(64).fill(1));
const end = performance.now();
if (steps) {
  const kernels = compiled.find(({ bytes }) => bytes > 1000);
  const decoder = compiled.find(({ bytes }) => bytes <= 1000);
  const decode = decoder === undefined ? 0 : kernels.from - decoder.from;
  const compile = kernels.to - kernels.from;
  const times = { read: read - start, decode, compile, call: end - read - decode - compile, all: end - start };
  console.log(JSON.stringify(times));
} else console.log(end - start);
