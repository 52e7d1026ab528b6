import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Writes the service worker with the names of all files of the build but the samples. */
function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => !name.endsWith(".safetensors") && name !== "index.html");
      const copied = readdirSync(root("explorer/public"));
      const files = ["./", ...copied, ...built].sort();
      const hash = createHash("sha256");
      for (const name of copied) hash.update(readFileSync(root(`explorer/public/${name}`)));
      for (const one of Object.values(bundle)) hash.update(one.type === "chunk" ? one.code : one.source);
      const kept = { build: hash.digest("hex").slice(0, 12), files };
      const text = readFileSync(root("explorer/service-worker.js"), "utf8");
      this.emitFile({
        type: "asset",
        fileName: "service-worker.js",
        source: `const kept = ${JSON.stringify(kept)};\n${text}`,
      });
    },
  };
}

export default defineConfig({
  // relative: the files work from any folder of any server
  base: "./",
  plugins: [offline()],
  resolve: {
    alias: [
      { find: /^orthonorm$/, replacement: root("bindings/index.ts") },
      { find: /^orthonorm\/reference$/, replacement: root("bindings/reference/index.ts") },
      // the benches import the built package; a page has one engine
      { find: /^(\.\.\/)+dist\/index\.js$/, replacement: root("bindings/index.ts") },
    ],
  },
  build: { target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  worker: { format: "es" },
});
