// Benchmark looks for its globals in `window`, which a worker has not. Imported before it.
Object.assign(globalThis, { window: globalThis });
