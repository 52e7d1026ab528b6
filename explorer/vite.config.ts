import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export default defineConfig({
  // relative: the files work from any folder of any server
  base: "./",
  resolve: {
    alias: [
      { find: /^orthonorm$/, replacement: root("bindings/index.ts") },
      { find: /^orthonorm\/reference$/, replacement: root("bindings/reference/index.ts") },
      // the benches import the built package; a page has one engine
      { find: /^(\.\.\/)+dist\/index\.js$/, replacement: root("bindings/index.ts") },
    ],
  },
  build: { target: "es2022", modulePreload: { polyfill: false } },
  worker: { format: "es" },
});
