// What the architecture rests on (docs/design.md): imports run one way, the engine needs nothing but a memory, and a page
// loads the kernels that it imports and no others.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { norm } from "../bindings/wasm/norm.js";
import { project } from "../bindings/wasm/project.js";

const dtypes = ["f32", "f64", "f16", "bf16"] as const;
const root = fileURLToPath(new URL("..", import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

/** TypeScript files under a folder, from the root. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && !file.includes("node_modules"))
    .map((file) => join(folder, file))
    .sort();
}

/** What a file imports or exports again, types among it: relative ones as paths from the root, others as they are. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [
    ...text.matchAll(/^(?:import|export)\s[^;"]*?from\s"([^"]+)"/gm),
    ...text.matchAll(/^import\s"([^"]+)"/gm),
    ...text.matchAll(/\bimport\("([^"]+)"\)/g),
  ].map((match) => match[1]);
  return found.map((name) => {
    if (!name.startsWith(".")) return name;
    const path = relative(root, resolve(root, dirname(file), name)).replace(/\.js$/, "");
    // assembly/lanes is assembly/lanes/index.ts
    return known.has(`${path}.ts`) ? `${path}.ts` : `${path}/index.ts`;
  });
}

const assembly = sources("assembly");
const bindings = sources("bindings");
/** The workspaces import each other by name, and only what is listed here. */
const workspaces: Record<string, readonly string[]> = {
  files: [],
  study: ["files", "orthonorm", "orthonorm/reference"],
  cli: ["files", "study"],
  explorer: ["bench", "files", "study", "orthonorm", "orthonorm/reference"],
};
const files = sources("files");
const study = sources("study");
const cli = sources("cli");
const known = new Set([...assembly, ...bindings, ...files, ...study, ...cli]);

/** Throws unless no file imports itself by way of others. */
function refuseCycles(files: readonly string[]): void {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]) => {
    if (way.includes(file)) throw new Error(`a cycle: ${[...way, file].join(" → ")}`);
    if (done.has(file) || !known.has(file)) return;
    for (const next of importsOf(file)) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
}

describe("imports run one way", () => {
  it("the parser of this test finds them", () => {
    expect(importsOf("bindings/ops/center.ts")).toContain("bindings/wasm/project.ts");
    expect(importsOf("bindings/engine.ts")).toEqual(
      expect.arrayContaining(["@assemblyscript/loader", "bindings/arena.ts", "bindings/frame.ts"]),
    );
    expect(importsOf("assembly/exports/norm/f32.ts")).toContain("assembly/lanes/index.ts");
    expect([assembly.length, bindings.length, study.length].every((count) => count > 10)).toBe(true);
  });

  it("assembly: lanes ◄ kernels ◄ exports", () => {
    const layers = ["assembly/lanes/", "assembly/kernels/", "assembly/exports/"];
    for (const file of assembly) {
      const layer = layers.findIndex((prefix) => file.startsWith(prefix));
      expect(layer, file).toBeGreaterThanOrEqual(0);
      for (const name of importsOf(file)) {
        const from = layers.findIndex((prefix) => name.startsWith(prefix));
        expect(from, `${file} imports ${name}`).toBeGreaterThanOrEqual(0);
        expect(from, `${file} imports ${name}`).toBeLessThanOrEqual(layer);
        // a module per family and element type: an export file knows its family's ABI and no other; relaxed ones choose
        // among those of their element type
        const own = [join(dirname(file), "abi.ts"), file.replace("/relaxed/", "/")];
        if (layer === 2 && !own.includes(name)) expect(from, `${file} imports ${name}`).toBeLessThan(2);
      }
    }
    refuseCycles(assembly);
  });

  it("bindings: dtype, check ◄ arena ◄ tensor ◄ frame ◄ engine ◄ call ◄ ops ◄ index", () => {
    const layers = [
      ["dtype", "text"],
      ["check", "variants"],
      ["wasm/norm", "wasm/project"],
      ["arena"],
      ["tensor"],
      ["frame"],
      ["engine"],
      ["load"],
      ["call"],
      ["resident"],
      ["ops/"],
      ["index"],
    ];
    const layerOf = (file: string) =>
      layers.findIndex((names) =>
        names.some(
          (name) => file === `bindings/${name}.ts` || (name.endsWith("/") && file.startsWith(`bindings/${name}`)),
        ),
      );
    for (const file of bindings) {
      if (file.startsWith("bindings/reference/")) continue;
      expect(layerOf(file), `${file} has a layer`).toBeGreaterThanOrEqual(0);
      for (const name of importsOf(file)) {
        if (file === "bindings/engine.ts" && name === "@assemblyscript/loader") continue;
        expect(layerOf(name), `${file} imports ${name}`).toBeGreaterThanOrEqual(0);
        const beside = file.startsWith("bindings/ops/") && name.startsWith("bindings/ops/");
        if (!beside) expect(layerOf(name), `${file} imports ${name}`).toBeLessThan(layerOf(file));
      }
    }
    refuseCycles(bindings);
  });

  it("the oracle stands alone", () => {
    for (const file of bindings.filter((name) => name.startsWith("bindings/reference/"))) {
      for (const name of importsOf(file)) expect(name, `${file} imports ${name}`).toMatch(/^bindings\/reference\//);
    }
    for (const file of bindings.filter((name) => !name.startsWith("bindings/reference/"))) {
      for (const name of importsOf(file)) expect(name, `${file} imports ${name}`).not.toMatch(/reference/);
    }
  });

  it("an op knows its own family's kernels and no others", () => {
    for (const file of bindings.filter((name) => name.startsWith("bindings/ops/"))) {
      const families = importsOf(file).filter((name) => name.startsWith("bindings/wasm/"));
      const own = /layernorm|rmsnorm/.test(file) ? "norm" : "project";
      expect(families, file).toEqual([`bindings/wasm/${own}.ts`]);
    }
  });

  it.each(Object.keys(workspaces))("%s imports itself, its packages, and of the others what it may", (workspace) => {
    const { dependencies, devDependencies } = json(`${workspace}/package.json`);
    // all is bundled, and installed by nobody else
    expect(dependencies).toBeUndefined();
    const others = workspaces[workspace].map((name) => (name.startsWith("orthonorm") ? name : `@orthonorm/${name}`));
    const packages = Object.keys(devDependencies).filter((name) => !name.startsWith("@orthonorm/"));
    for (const file of sources(`${workspace}/src`)) {
      for (const name of importsOf(file)) {
        const own =
          name.startsWith(`${workspace}/`) ||
          name.startsWith("node:") ||
          others.some((one) => name === one || (one.startsWith("@") && name.startsWith(`${one}/`))) ||
          packages.some((one) => name === one || name.startsWith(`${one}/`));
        expect(own, `${file} imports ${name}`).toBe(true);
      }
    }
    refuseCycles(sources(`${workspace}/src`));
  });

  it("no file of the workspaces is longer than 400 lines", () => {
    for (const file of [...files, ...study, ...cli]) {
      expect(readFileSync(join(root, file), "utf8").split("\n").length, file).toBeLessThanOrEqual(401);
    }
  });

  it("files runs in a browser, but for what its entry node.ts has", () => {
    const node = /^files\/src\/(disk|expand|node|save|stream)\.ts$/;
    const reading = files.filter((file) => !node.test(file));
    expect(reading).toContain("files/src/index.ts");
    expect(reading.length).toBeGreaterThan(10);
    for (const file of reading) {
      for (const name of importsOf(file)) {
        expect(name, file).not.toMatch(/^node:|^tinyglobby/);
        expect(name, file).not.toMatch(node);
      }
    }
  });

  it("what a page takes of the study is nothing of Node's", () => {
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const name of importsOf(file)) {
        if (known.has(name)) visit(name);
        else expect(name, file).toMatch(/^(orthonorm(\/reference)?|@orthonorm\/files|@observablehq\/plot)$/);
      }
    };
    const { exports } = json("study/package.json");
    for (const entry of [".", "./report"]) visit(join("study", exports[entry]));
    expect(seen.size).toBeGreaterThan(20);
  });

  it("nothing in the bindings is Node's", () => {
    for (const file of bindings) {
      for (const name of importsOf(file)) expect(name, file).not.toMatch(/^node:|^(fs|path|url|buffer|process)$/);
      const text = file.startsWith("bindings/wasm/") ? "" : readFileSync(join(root, file), "utf8");
      expect(text, file).not.toMatch(/\bprocess\.|\brequire\(|\bBuffer\./);
    }
  });
});

describe("the package", () => {
  it("has one runtime dependency, pinned", () => {
    const { dependencies, peerDependencies, optionalDependencies, bundleDependencies, type, sideEffects } =
      json("package.json");
    expect(Object.keys(dependencies)).toEqual(["@assemblyscript/loader"]);
    expect([peerDependencies, optionalDependencies, bundleDependencies]).toEqual([undefined, undefined, undefined]);
    expect([type, sideEffects]).toEqual(["module", false]);
  });

  it("pins every version exactly", () => {
    const { dependencies, devDependencies } = json("package.json");
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it("installs nothing but that dependency, which has none", () => {
    const { packages } = json("package-lock.json");
    const installed = Object.keys(packages).filter(
      (path) =>
        path.startsWith("node_modules/") && !packages[path].dev && !packages[path].link && !packages[path].devOptional,
    );
    expect(installed).toEqual(["node_modules/@assemblyscript/loader"]);
    expect(packages["node_modules/@assemblyscript/loader"].dependencies).toBeUndefined();
  });
});

/** The ids of a module's sections, in order: WebAssembly core specification, 5.5.2. */
function sections(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  expect(at).toBe(bytes.length);
  return ids;
}

describe.each(["norm", "project"] as const)("the module %s", (family) => {
  const bytes = readFileSync(join(root, `bindings/wasm/${family}.simd.wasm`));
  const module = new WebAssembly.Module(bytes);

  it("imports a memory and nothing else", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  });

  it("exports functions only: each op for each element type, in and out of the bundle alike", () => {
    const ops = {
      norm: ["layerNorm", "rmsNorm"],
      project: [
        "moments",
        "center",
        "meanVector",
        "decompose",
        "project",
        "reject",
        "geometry",
        "angle",
        "invertLayerNorm",
      ],
    };
    const beside = {
      norm: ["constants", "widen_bf16", "widen_f16"],
      project: [
        "columns_f32",
        "columns_f64",
        "constants",
        "deviation_f32",
        "deviation_f64",
        "orthonormalize_f64",
        "prepare_f32",
        "prepare_f64",
        "widen_bf16",
        "widen_f16",
      ],
    };
    const expected = ops[family].flatMap((op) => dtypes.map((dtype) => `${op}_${dtype}`));
    const exports = WebAssembly.Module.exports(module);
    expect(exports.map(({ name }) => name).sort()).toEqual([...expected, ...beside[family]].sort());
    expect(new Set(exports.map(({ kind }) => kind))).toEqual(new Set(["function"]));
  });

  it("has no start function, data, table or names", () => {
    // 1 types, 2 imports, 3 functions, 6 globals (f16's constants), 7 exports, 10 code; not 0 custom, 4 tables, 8 start,
    // 9 elements, 11 data
    expect(sections(bytes)).toEqual([1, 2, 3, 6, 7, 10]);
  });

  it("the bundle carries in parts: the exports of an element type each, and those of all are the module's", async () => {
    const { bytesOf } = await import("../bindings/variants.js");
    const exports = (one: WebAssembly.Module) => WebAssembly.Module.exports(one).map(({ name }) => name);
    const parts = dtypes.map((dtype) => {
      const part = exports(new WebAssembly.Module(bytesOf(family === "norm" ? norm : project, "simd", dtype)[0]));
      expect(part.filter((name) => name !== "constants" && !name.endsWith(`_${dtype}`))).toEqual([]);
      return part;
    });
    expect(parts.flat().sort()).toEqual(exports(module).sort());
  });

  it("writes nothing of memory when it is instantiated", () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const all = new Uint8Array(memory.buffer).fill(0xa5);
    new WebAssembly.Instance(module, { env: { memory } });
    expect(all.every((byte) => byte === 0xa5)).toBe(true);
  });
});

describe("a page's bundle", () => {
  /** The built package bundled and minified for a browser, as a page that imports so much loads it. */
  async function bundle(names: string): Promise<string> {
    const { outputFiles, warnings } = await build({
      stdin: { contents: `export { ${names} } from "./dist/index.js";`, resolveDir: root },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      write: false,
    });
    expect(warnings).toEqual([]);
    return outputFiles[0].text;
  }

  // a stretch of a module's text that the other does not have
  const stretch = { norm: norm.f32.simd.slice(4000, 4400), project: project.f32.simd.slice(4000, 4400) };

  it("the stretches tell the families apart", () => {
    expect([stretch.norm.length, stretch.project.length]).toEqual([400, 400]);
    for (const dtype of dtypes) {
      expect(norm[dtype].simd).not.toContain(stretch.project);
      expect(project[dtype].simd).not.toContain(stretch.norm);
    }
  });

  it("layerNorm brings the norms' kernels and no others, in 30 KB gzipped", async () => {
    const text = await bundle("layerNorm");
    expect(text).toContain(stretch.norm);
    expect(text).not.toContain(stretch.project);
    expect(text).not.toContain("orthonormalize");
    expect(gzipSync(text, { level: 9 }).length).toBeLessThan(30 * 1024);
  });

  it("geometry brings the projections' kernels and no others", async () => {
    const text = await bundle("geometry");
    expect(text).toContain(stretch.project);
    expect(text).not.toContain(stretch.norm);
  });

  it("createEngine and tensor alone bring none, loadEngine both", async () => {
    const none = await bundle("createEngine, tensor");
    expect(none).not.toContain(stretch.norm);
    expect(none).not.toContain(stretch.project);
    const both = await bundle("loadEngine");
    expect(both).toContain(stretch.norm);
    expect(both).toContain(stretch.project);
  });
});
