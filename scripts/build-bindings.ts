// The bindings to dist/: a JavaScript file for each entry, for the time to read them one by one is most of a cold start
// (Node 20: 25 ms for the 22 modules, 9 for one), without spaces and comments, which are read too; their types as tsc writes them; and the
// plain .wasm files.
//
// The entries for one element type, orthonorm/f32 and so on, are the whole package with the kernels of that type alone: where a module of
// bindings/wasm carries a text per element type, they get it with one. So their sources know nothing of them.

import { execFileSync } from "node:child_process";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { build, type Plugin } from "esbuild";
import { type DType, dtypes, isHalf } from "../bindings/memory/dtype.js";
import { program } from "../bindings/wasm/worker.js";

await rm("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
await bundle("bindings/index.ts", "dist/index.js");
await bundle("bindings/reference/index.ts", "dist/reference/index.js");
await bundle("bindings/threads/index.ts", "dist/threads/index.js");
for (const dtype of dtypes) {
  await bundle("bindings/index.ts", `dist/${dtype}.js`, [kernelsOf(dtype)]);
  await writeFile(`dist/${dtype}.d.ts`, 'export * from "./index.js";\n');
}
await writeFile("dist/threads/worker.js", `${program}\n`);
for (const file of await readdir("bindings/wasm")) {
  if (file.endsWith(".wasm")) await cp(`bindings/wasm/${file}`, `dist/wasm/${file}`);
}

async function bundle(entry: string, file: string, plugins: Plugin[] = []): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    format: "esm",
    target: "es2022",
    // names stay as they are, for stack traces
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    // engines with threads are made of the classes of dist/index.js, which must be the ones that the ops know
    external: ["@assemblyscript/loader", "../index.js"],
    logLevel: "warning",
    plugins,
  });
  // ASCII alone: with any other character, be it in a comment, a JavaScript engine keeps all of the source in two bytes a
  // character. esbuild has escaped what strings hold.
  const text = await readFile(file, "utf8");
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  await writeFile(file, text.replace(/[^\0-\x7f]/g, escaped));
}

/**
 * Takes from the modules of bindings/wasm all kernels but those of one element type. What halves are quantized to is multiplied to f32, so
 * they keep that kernel.
 */
function kernelsOf(dtype: DType): Plugin {
  return {
    name: `kernels of ${dtype}`,
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]bindings[\\/]wasm[\\/]\w+\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        if (!text.includes("\n  code: ") && basename(path) !== "relaxed.ts") return undefined;
        const getters = /^ +get (\w+)\(\) \{\n.*\n +\},\n/gm;
        if (!getters.test(text)) throw new Error(`${path}: expected a getter per element type, got none`);
        const kept = basename(path) === "int8.ts" && isHalf(dtype) ? [dtype, "f32"] : [dtype];
        const only = text.replace("\n  code: ", `\n  only: "${dtype}",\n  code: `);
        return { contents: only.replace(getters, (getter, name) => (kept.includes(name) ? getter : "")), loader: "ts" };
      });
    },
  };
}
