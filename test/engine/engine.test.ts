// Engines: what they share and what not, how they are made and loaded, and what is said where they cannot be.

import {
  angle,
  center,
  createEngine,
  defaultEngine,
  type Engine,
  layerNorm,
  layerNormLinear,
  layerNormQuantize,
  loadEngine,
  loadKernels,
  moments,
  normKernels,
  project,
  projectKernels,
  reject,
  rmsNorm,
  tensor,
} from "orthonorm";
import { afterEach, describe, expect, it } from "vitest";
import norm from "../../bindings/wasm/norm.simd.wasm?url&inline";
import projections from "../../bindings/wasm/project.simd.wasm?url&inline";
import { said } from "../support/errors.js";

const PAGE = 65536;

const pages = (initial: number, maximum = initial) => new WebAssembly.Memory({ initial, maximum });
/** The families as the package's .wasm files have them. */
const modules = {
  norm: await WebAssembly.compileStreaming(fetch(norm)),
  project: await WebAssembly.compileStreaming(fetch(projections)),
};

async function rejected(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "none", String);
}

const replaced: (() => void)[] = [];
/** Other values for some properties, until the test ends. */
function replace(target: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    replaced.push(() => Object.defineProperty(target, name, before));
  }
}
function restore(): void {
  for (const undo of replaced.splice(0).reverse()) undo();
}
afterEach(restore);

describe("engines", () => {
  it("share nothing, and Tensors of two in one call are an error", () => {
    const [one, two] = [createEngine(), createEngine()];
    const x = one.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const y = two.tensor("f32", [1, 4], [5, 6, 7, 8]);
    const foreign = (op: string, name: string) =>
      `RangeError: ${op}: ${name} expected a Tensor of this call's engine, got one of another engine`;
    expect(said(() => layerNorm(x, { weight: y }))).toBe(foreign("layerNorm", "weight"));
    expect(said(() => layerNorm(x, { out: x, weight: y }))).toBe(foreign("layerNorm", "weight"));
    expect(said(() => layerNorm(x, { out: y }))).toBe(foreign("layerNorm", "out"));
    expect(said(() => layerNorm(x, { engine: two }))).toBe(foreign("layerNorm", "x"));
    expect(said(() => rmsNorm(x, { residual: y }))).toBe(foreign("rmsNorm", "residual"));
    expect(said(() => project(x, y))).toBe(foreign("project", "direction"));
    expect(said(() => angle(x, y))).toBe(foreign("angle", "y"));
    expect(said(() => layerNorm(tensor("f32", 4), { bias: y }))).toBe(foreign("layerNorm", "bias"));
    expect([...x.data, ...y.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("arrays run on the engine of the first Tensor among the arguments", () => {
    const engine = createEngine();
    const weight = engine.tensor("f32", 4, [1, 1, 1, 1]);
    const plain = new Float32Array([1, 2, 3, 4]);
    const expected = layerNorm(plain);
    expect(layerNorm(plain, { weight })).toEqual(expected);
    expect(layerNorm(plain, { bias: engine.tensor("f32", 4) })).toEqual(expected);
    const out = engine.tensor("f32", [1, 4]);
    expect(layerNorm(plain, { out })).toBe(out);
    expect(out.toArray()).toEqual(expected);
    const mean = engine.tensor("f32", 1);
    layerNorm(plain, { mean });
    expect(mean.data[0]).toBe(2.5);
    const coefficients = engine.tensor("f32", 1);
    project(plain, weight, { coefficients });
    expect(coefficients.data[0]).toBe(2.5);
    expect(angle(plain, weight)[0]).toBeCloseTo(0.4205, 4);
  });

  it("dispose: its Tensors go with it, twice is no error, and the others live", () => {
    const engine = createEngine();
    const other = createEngine();
    const x = engine.tensor("f32", [1, 4], [1, 2, 3, 4]);
    const kept = other.tensor("f32", 4, [1, 2, 3, 4]);
    layerNorm(x, { out: x });
    engine.dispose();
    engine.dispose();
    expect([x.disposed, engine.bytesInUse]).toEqual([true, 0]);
    const gone = (op: string) => `RangeError: ${op}: engine expected a live engine, got one that was disposed of`;
    expect(said(() => layerNorm(x))).toBe(gone("layerNorm"));
    expect(said(() => layerNorm(x, { out: x }))).toBe(gone("layerNorm"));
    expect(said(() => rmsNorm(x, { out: x }))).toBe(gone("rmsNorm"));
    expect(said(() => layerNorm(new Float32Array(4), { engine }))).toBe(gone("layerNorm"));
    expect(said(() => moments(x))).toBe(gone("moments"));
    expect(said(() => engine.tensor("f32", 4))).toBe(gone("tensor"));
    expect(said(() => x.data)).toBe("RangeError: Tensor: data expected a live Tensor, got one that was disposed of");
    x.dispose();
    expect([...kept.data]).toEqual([1, 2, 3, 4]);
    {
      const third = createEngine();
      third[Symbol.dispose]();
      expect(said(() => third.tensor("f32", 4))).toBe(gone("tensor"));
    }
  });

  it("the default one is made when it is asked for, and made anew when it was disposed of", () => {
    const engine = defaultEngine();
    expect(defaultEngine()).toBe(engine);
    const x = tensor("f32", 4, [1, 2, 3, 4]);
    const y = layerNorm(x);
    expect(y.toArray()).toEqual(layerNorm(new Float32Array([1, 2, 3, 4])));
    engine.dispose();
    expect([x.disposed, y.disposed, engine.disposed]).toEqual([true, true, true]);
    const next = defaultEngine();
    expect(next).not.toBe(engine);
    expect(next.bytesInUse).toBe(0);
    expect(layerNorm(new Float32Array([-1, 1]), { eps: 0 })).toEqual(new Float32Array([-1, 1]));
    expect(layerNorm(tensor("f32", 2, [-1, 1]), { eps: 0 }).toArray()).toEqual(new Float32Array([-1, 1]));
  });

  it("print what they are", () => {
    const engine = createEngine();
    const x = engine.tensor("f32", 40);
    expect(`${engine}`).toBe("Engine simd, 192 bytes in use");
    expect(x.length).toBe(40);
    engine.dispose();
    expect(`${engine}`).toBe("Engine, disposed of");
    expect(JSON.stringify(createEngine())).toBe("{}");
  });

  it("are disposed of by `using`", () => {
    let engine: Engine;
    {
      using scoped = createEngine();
      engine = scoped;
      expect(engine.disposed).toBe(false);
    }
    expect(engine.disposed).toBe(true);
  });

  it("say which kernels they run", async () => {
    expect(createEngine().variant).toBe("simd");
    expect(createEngine({ variant: "simd" }).variant).toBe("simd");
    expect((await loadEngine({ variant: "auto" })).variant).toBe("simd");
  });
});

describe("memories that no engine can live in", () => {
  it("of 64-bit addresses", () => {
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory({ initial: 1n, maximum: 2n, address: "i64" } as never);
    } catch {
      return; // this engine has none of them
    }
    expect(said(() => createEngine({ memory }))).toBe(
      "RangeError: createEngine: memory expected one of 32-bit addresses, got one of 64-bit addresses",
    );
  });

  it("shared with other threads, growable or not", () => {
    for (const maximum of [1, 4]) {
      const memory = new WebAssembly.Memory({ initial: 1, maximum, shared: true });
      expect(said(() => createEngine({ memory }))).toBe(
        "RangeError: createEngine: memory expected one that is not shared, got Memory",
      );
    }
  });

  it("none from the system: one sentence, with its reason as the cause", () => {
    const refusal = new RangeError("WebAssembly.Memory(): could not allocate memory");
    const tried: number[] = [];
    replace(WebAssembly, {
      Memory: class {
        constructor({ initial }: { initial: number }) {
          tried.push(initial);
          throw refusal;
        }
      },
    });
    expect(said(() => createEngine())).toBe(
      "RangeError: createEngine: memory expected at least 65536 bytes of the system, got none",
    );
    // with less, before it gives up
    expect(tried).toEqual([16, 1]);
    try {
      createEngine();
    } catch (error) {
      expect((error as Error).cause).toBe(refusal);
    }
    restore();
    expect(createEngine().bytesInUse).toBe(0);
  });
});

describe("loadKernels", () => {
  it("compiles and instantiates families ahead, of which there is one engine", async () => {
    const engine = createEngine();
    expect(await loadKernels(engine, [normKernels, projectKernels])).toBe(engine);
    const { Module, Instance } = WebAssembly;
    const count = { modules: 0, instances: 0 };
    replace(WebAssembly, {
      Module: class extends Module {
        constructor(bytes: BufferSource) {
          super(bytes);
          if (bytes.byteLength > 1000) count.modules++; // not the decoder's
        }
      },
      Instance: class extends Instance {
        constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
          super(module, imports);
          if (imports !== undefined && "scratch" in imports.env) count.instances++;
        }
      },
    });
    const x = new Float32Array([1, 2, 3, 4]);
    layerNorm(x, { engine });
    reject(x, new Float32Array([1, 0, 0, 0]), { engine });
    layerNorm(new Float64Array(4), { engine });
    expect(count).toEqual({ modules: 0, instances: 0 });
    center(x, { engine });
    expect(count).toEqual({ modules: 1, instances: 1 });
    center(x, { engine });
    expect(count).toEqual({ modules: 1, instances: 1 });
  });

  it("says that the engine was disposed of meanwhile, and keeps nothing for it", async () => {
    const gone = "RangeError: loadKernels: engine expected a live engine, got one that was disposed of";
    for (const families of [[normKernels], [normKernels, projectKernels]]) {
      const engine = createEngine();
      const loading = rejected(loadKernels(engine, families));
      engine.dispose();
      expect(await loading).toBe(gone);
      expect(await rejected(loadKernels(engine, families))).toBe(gone);
    }
  });
});

describe("loadEngine", () => {
  const x = new Float32Array([1, 2, 3, 4]);
  const check = (engine: Engine) => {
    expect(layerNorm(x, { engine })).toEqual(layerNorm(x));
    expect(reject(x, new Float32Array([1, 0, 0, 0]), { engine })).toEqual(new Float32Array([0, 2, 3, 4]));
  };

  it("compiles and instantiates ahead: on the main thread, Chrome before 114 does neither at once", async () => {
    const { Module, Instance } = WebAssembly;
    const refusal = (name: string) =>
      new RangeError(`WebAssembly.${name} is disallowed on the main thread, if the buffer size is larger than 4KB.`);
    class Compile extends Module {
      constructor(bytes: Uint8Array<ArrayBuffer>) {
        if (bytes.length > 4096) throw refusal("Compile");
        super(bytes);
      }
      // modules that were compiled ahead are modules all the same
      static override [Symbol.hasInstance](value: unknown): boolean {
        return value instanceof Module;
      }
    }
    class Link extends Instance {
      constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
        if (Module.exports(module)[0].name !== "decode") throw refusal("Instance");
        super(module, imports);
      }
    }
    replace(WebAssembly, { Module: Compile, Instance: Link });
    check(await loadEngine());
    check(await loadEngine({ modules }));
    expect(said(() => check(createEngine()))).toBe(
      "Error: orthonorm cannot compile at once on this browser's main thread, as in Chrome before 114: " +
        "await loadEngine() instead, and give calls its engine",
    );
  });

  it("takes compiled families, and an engine's options", async () => {
    check(await loadEngine({ modules: { norm: modules.norm, project: modules.project } }));
    check(await loadEngine({ modules: { norm: modules.norm } }));
    check(await loadEngine({ modules: {} }));
    const memory = pages(2);
    const engine = await loadEngine({ memory, maximumBytes: 2 * PAGE });
    check(engine);
    expect(engine.tensor("f32", 4).data.buffer).toBe(memory.buffer);
    expect(said(() => engine.tensor("f32", PAGE))).toBe(
      "RangeError: tensor: maximumBytes expected at least 264256, got 131072, with 64 bytes in 1 live Tensor (dispose() gives them back)",
    );
  });

  it("refuses what is no module, or not that family's", async () => {
    expect(await rejected(loadEngine({ modules: { norm: new Uint8Array(8) as never } }))).toBe(
      "TypeError: loadEngine: modules.norm expected a WebAssembly.Module, got Uint8Array of 8 elements",
    );
    expect(await rejected(loadEngine({ modules: 5 as never }))).toMatch(/^TypeError: loadEngine: modules expected /);
    expect(await rejected(loadEngine({ modules: null as never }))).toMatch(/^TypeError: loadEngine: modules expected /);
    // norm's name on project's kernels: found out at once or at the first call, in words, and nothing is left in use
    const told = await rejected(
      loadEngine({ modules: { norm: modules.project } }).then((engine) => {
        const tensor = engine.tensor("f32", 4);
        const error = said(() => layerNorm(tensor));
        expect(engine.bytesInUse).toBe(64);
        throw error;
      }),
    );
    expect(told).toMatch(/modules\.norm expected /);
    // and where only the second of two families is wrong, before the first has written anything
    const engine = await loadEngine({ modules: { norm: modules.norm, linear: modules.norm, int8: modules.norm } });
    const [x, residual] = [engine.tensor("f32", [1, 2], [1, 2]), engine.tensor("f32", [1, 2], [3, 4])];
    const given = { residual, sum: x };
    expect(said(() => layerNormLinear(x, new Float32Array(2), given))).toMatch(/modules\.linear expected /);
    expect(said(() => layerNormQuantize(x, given))).toMatch(/modules\.int8 expected /);
    expect([...x.data, engine.bytesInUse]).toEqual([1, 2, 128]);
    expect(await rejected(loadEngine({ modules: { norms: modules.norm } as never }))).toMatch(/modules/);
  });

  it("leaves the memory free where it fails", async () => {
    const memory = pages(1, 4);
    // (import "env" "f" (func)): nothing of the engine's
    const type = [1, 4, 1, 0x60, 0, 0];
    const other = [2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x66, 0, 0];
    const norm = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, ...other]));
    await expect(loadEngine({ memory, modules: { norm } })).rejects.toThrow(WebAssembly.LinkError);
    const engine = await loadEngine({ memory });
    expect(engine.variant).toBe("simd");
    engine.dispose();
  });
});

describe("where WebAssembly is missing or forbidden, one sentence says what to do", () => {
  const x = new Float32Array([1, 2, 3, 4]);
  const needed = "orthonorm needs WebAssembly SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 16.4, or newer";
  /** What each way to the first call says. */
  async function told(): Promise<string[]> {
    return [said(() => layerNorm(x, { engine: createEngine() })), await rejected(loadEngine())];
  }
  const refusal = new WebAssembly.CompileError("no");
  const refuse = () => {
    replace(WebAssembly, {
      Module: class {
        constructor() {
          throw refusal;
        }
      },
      compile: () => Promise.reject(refusal),
    });
  };

  it("no WebAssembly", async () => {
    replace(globalThis, { WebAssembly: undefined });
    const missing = `Error: ${needed}; this engine has no WebAssembly`;
    expect(await told()).toEqual([missing, missing]);
  });

  it("no SIMD", async () => {
    refuse();
    replace(WebAssembly, { validate: () => false });
    const missing = `Error: ${needed}; this engine has WebAssembly without SIMD`;
    expect(await told()).toEqual([missing, missing]);
  });

  it("a policy that forbids compiling; an engine that failed then works when it may", async () => {
    refuse();
    const forbidden =
      "Error: orthonorm could not compile its WebAssembly: a Content-Security-Policy needs script-src " +
      "'wasm-unsafe-eval', and where compiling bytes is forbidden, loadEngine({ modules }) takes compiled ones";
    expect(await told()).toEqual([forbidden, forbidden]);
    await loadEngine().catch((error: Error) => expect(error.cause).toBe(refusal));
    const engine = createEngine();
    expect(said(() => layerNorm(x, { engine }))).toBe(forbidden);
    restore();
    expect(layerNorm(x, { engine })).toEqual(layerNorm(x));
  });
});
