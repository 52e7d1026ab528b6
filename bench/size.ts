/** What a page loads: entries bundled and minified for a browser, gzipped, the kernels among them. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface Size {
  name: string;
  bytes: number;
  gzipped: number;
}

const entries: Record<string, string> = {
  'import { layerNorm } from "orthonorm"': "{ layerNorm }",
  'import { layerNorm, rmsNorm } from "orthonorm"': "{ layerNorm, rmsNorm }",
  'import { geometry } from "orthonorm"': "{ geometry }",
  everything: "*",
};

/** Of the package in a folder. */
export function sizes(folder: string): Promise<Size[]> {
  return Promise.all(
    Object.entries(entries).map(async ([name, names]) => {
      const { outputFiles } = await build({
        stdin: { contents: `export ${names} from "./dist/index.js";`, resolveDir: folder },
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
