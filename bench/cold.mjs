/**
 * From the import of a built package to its first result, in milliseconds: what `npm run bench` runs in processes of their
 * own. A file, not `node -e`: there Node 20 takes 6 ms to get ready for the first import, whatever it imports.
 */
const start = performance.now();
const { layerNorm } = await import(process.argv[2]);
layerNorm(new Float32Array(64).fill(1));
console.log(performance.now() - start);
