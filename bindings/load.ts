import { Engine, type LoadOptions } from "./engine.js";
import { norm } from "./wasm/norm.js";
import { project } from "./wasm/project.js";

/**
 * createEngine for pages and runtimes that must not compile on the main thread, or not compile at all: all families are
 * compiled asynchronously, or come compiled in `modules`.
 *
 * @example
 * ```ts
 * const engine = await loadEngine();
 * layerNorm(new Float32Array([1, 2, 3]), { engine });
 * ```
 */
export async function loadEngine(options: LoadOptions = {}): Promise<Engine> {
  const engine = new Engine("loadEngine", options);
  const { modules } = options;
  try {
    return await engine.load(
      [norm, project].filter(({ name }) => modules === undefined || modules[name] !== undefined),
    );
  } catch (error) {
    engine.dispose(); // the memory that was given is free for another try
    throw error;
  }
}
