import { rangeError, typeError, verbatim } from "../check.js";
import { type DType, dtypes } from "../memory/dtype.js";
import { checkNames } from "../names.js";
import { allFamilies } from "../wasm/families.js";
import { type FamilyName, familyNames } from "../wasm/names.js";
import { checkEngine, Engine, type EngineOptions, type Modules } from "./engine.js";
import { bytesOf, explain, type Family, type Relaxed } from "./variants.js";

/** Options of `loadEngine`. */
export interface LoadOptions extends EngineOptions {
  /**
   * Compiled kernels by the name of their family, for runtimes that forbid compiling bytes: WebAssembly.Modules made of
   * `orthonorm/wasm/norm.simd.wasm` and so on. Only these families are loaded.
   */
  modules?: Modules;
}

const OPTIONS = ["variant", "memory", "maximumBytes", "modules"];

/**
 * Makes an engine whose kernels are all compiled, off the main thread where the runtime can.
 *
 * It is for pages that must not compile on the main thread, and for runtimes that must not compile at all, which give compiled
 * kernels in `modules`. It brings every kernel into a bundle; `loadKernels` brings only those of the families that it is given.
 *
 * @throws {Error} where there is no WebAssembly SIMD, or compiling is forbidden, in one sentence that says what to do
 * @throws {TypeError | RangeError} if an option is unknown, of the wrong kind or out of range
 *
 * @example
 * ```ts
 * const engine = await loadEngine();
 * layerNorm(new Float32Array([1, 2, 3]), { engine });
 * ```
 */
export async function loadEngine(options: LoadOptions = {}): Promise<Engine> {
  checkNames("loadEngine", OPTIONS, options);
  const { modules } = options;
  const given = modules === undefined ? {} : checkModules("loadEngine", modules);
  if ((options.variant as Relaxed | undefined)?.name === "relaxed" && Object.keys(given).length > 0) {
    throw rangeError("loadEngine", "variant", '"simd" beside modules, as they are', verbatim("relaxed"));
  }
  const engine = new Engine("loadEngine", options, given);
  const wanted = allFamilies().filter(({ name }) => modules === undefined || name in modules);
  try {
    return await loadKernels(engine, wanted);
  } catch (error) {
    engine.dispose(); // so that another engine may use the memory that was given
    throw error;
  }
}

/**
 * Compiles and instantiates families of kernels ahead of their first use, off the main thread where the runtime can.
 *
 * A bundle carries only the families that it names. On the main thread, Chrome before 114 compiles no more than 4 KB at
 * once: there this is needed.
 *
 * @param engine the engine that is to have the kernels
 * @param wanted the families: `normKernels` and so on, which the package exports
 * @returns the engine
 * @throws {Error} where compiling is forbidden, in one sentence that says what to do
 * @throws {TypeError | RangeError} if an argument is of the wrong kind, or the engine was disposed of
 *
 * @example
 * ```ts
 * const engine = await loadKernels(createEngine(), [normKernels]);
 * layerNorm(new Float32Array([1, 2, 3]), { engine });
 * ```
 */
export async function loadKernels(engine: Engine, wanted: readonly Family[]): Promise<Engine> {
  const core = checkEngine("loadKernels", engine);
  if (!Array.isArray(wanted)) throw typeError("loadKernels", "families", "an array of families", wanted);
  for (const [i, family] of wanted.entries()) {
    if (!isFamily(family)) throw typeError("loadKernels", `families[${i}]`, "a family such as normKernels", family);
  }
  core.live("loadKernels");
  // imported late, because the loader makes a TextDecoder when it is evaluated, and an AudioWorklet has none
  const { instantiate } = await import("@assemblyscript/loader");
  const load = async (family: Family, dtype: DType) => {
    const given = core.modules[family.name];
    const modules =
      given === undefined
        ? await Promise.all((core.bytes ?? bytesOf)(family, core.relaxed, dtype).map(compileAhead))
        : [given];
    core.live("loadKernels"); // it may have been disposed of meanwhile
    const parts = modules.map(
      async (module) =>
        module instanceof WebAssembly.Module
          ? (await instantiate(module, core.imports as never)).instance
          : WebAssembly.instantiate(module as WebAssembly.Module, core.imports), // of another realm: the loader takes it for bytes
    );
    // the raw exports, because the loader wraps each in a function that counts arguments, which costs more than a small row
    const exports = (await Promise.all(parts)).map((instance) => instance.exports);
    core.live("loadKernels");
    core.keep(family, dtype, exports, modules);
  };
  await Promise.all(
    wanted.flatMap((family) =>
      (core.modules[family.name] === undefined ? dtypes.filter((dtype) => dtype in family) : dtypes.slice(0, 1)).map(
        (dtype) => load(family, dtype),
      ),
    ),
  );
  return engine;
}

function checkModules(op: string, modules: Modules): Record<string, WebAssembly.Module> {
  if (typeof modules !== "object" || modules === null) throw typeError(op, "modules", "an object of modules", modules);
  for (const [name, module] of Object.entries(modules)) {
    if (!familyNames.includes(name as FamilyName)) {
      throw rangeError(op, "modules", `names among ${familyNames.join(", ")}`, name);
    }
    if (Object.prototype.toString.call(module) !== "[object WebAssembly.Module]") {
      throw typeError(op, `modules.${name}`, "a WebAssembly.Module", module);
    }
  }
  return { ...modules } as Record<string, WebAssembly.Module>;
}

function isFamily(value: unknown): value is Family {
  return typeof value === "object" && value !== null && familyNames.includes((value as Family).name as FamilyName);
}

async function compileAhead(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw explain(error, bytes);
  }
}
