/** What a page loads: entries bundled and minified for a browser, gzipped, the kernels among them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { dtypes } from "../bindings/memory/dtype.js";

export interface Size {
  name: string;
  bytes: number;
  gzipped: number;
}

/** What is imported: one op of each family, two of one, and the ways to compile ahead. `createEngine` has no kernels. */
const imports = [
  ["layerNorm"],
  ["layerNorm", "rmsNorm"],
  ["geometry"],
  ["center"],
  ["project"],
  ["invertLayerNorm"],
  ["convert"],
  ["linear"],
  ["layerNormLinear"],
  ["linear", "quantizeWeights"],
  ["createEngine"],
  ["createEngine", "layerNorm", "loadKernels", "normKernels"],
  ["layerNorm", "loadEngine"],
];

const entries: { name: string; names: string[]; file?: string }[] = [
  ...imports.map((names) => ({ name: `import { ${names.join(", ")} } from "orthonorm"`, names })),
  ...dtypes.map((dtype) => ({
    name: `import { layerNorm } from "orthonorm/${dtype}"`,
    names: ["layerNorm"],
    file: dtype,
  })),
  { name: "everything", names: [] },
];

/** Of the package in a folder; an earlier one is without the entries that it does not export. */
export async function sizes(folder: string): Promise<Size[]> {
  const exported: object = await import(pathToFileURL(join(folder, "dist/index.js")).href);
  const had = entries.filter(
    ({ names, file = "index" }) =>
      names.every((name) => name in exported) && existsSync(join(folder, `dist/${file}.js`)),
  );
  return Promise.all(
    had.map(async ({ name, names, file = "index" }) => {
      const taken = names.length === 0 ? "*" : `{ ${names.join(", ")} }`;
      const { outputFiles } = await build({
        stdin: { contents: `export ${taken} from "./dist/${file}.js";`, resolveDir: folder },
        bundle: true,
        minify: true,
        format: "esm",
        platform: "browser",
        write: false,
      });
      const { contents } = outputFiles[0];
      return { name, bytes: contents.length, gzipped: gzipSync(contents, { level: 9 }).length };
    }),
  );
}
