import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, defineConfig, type Plugin, type Rolldown } from "vite";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What is kept when it is asked for, and not before: the samples, and onnxruntime. */
const onDemand = (name: string) => name.endsWith(".safetensors") || /\/ort[.-]/.test(name);

/** Writes the service worker with the names of all other files of the build. */
function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => !onDemand(name) && name !== "index.html");
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

const alias = [
  { find: /^orthonorm$/, replacement: root("bindings/index.ts") },
  { find: /^orthonorm\/reference$/, replacement: root("bindings/reference/index.ts") },
  // the benches import the built package; a page has one engine
  { find: /^(\.\.\/)+dist\/index\.js$/, replacement: root("bindings/index.ts") },
];

/**
 * What snippets run in: `virtual:sandbox` is the document of a frame and what stands before a snippet in its worker, as texts. The
 * frame's one script is allowed by its digest, in the page's policy too, which the frame inherits.
 */
function sandbox(): Plugin {
  const id = "\0virtual:sandbox";
  const script = readFileSync(root("explorer/src/code/frame.js"), "utf8");
  const digest = `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
  const policy = `default-src 'none'; script-src ${digest} 'wasm-unsafe-eval'; worker-src blob:`;
  const frame = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><script>${script}</script>`;
  return {
    name: "sandbox",
    resolveId: (wanted) => (wanted === "virtual:sandbox" ? id : undefined),
    async load(wanted) {
      if (wanted !== id) return undefined;
      const built = (await build({
        configFile: false,
        logLevel: "error",
        resolve: { alias },
        build: {
          write: false,
          target: "es2022",
          minify: true,
          lib: { entry: root("explorer/src/code/prelude.ts"), formats: ["iife"], name: "prelude" },
        },
      })) as Rolldown.RolldownOutput[];
      const prelude = built[0].output[0].code.trim();
      return `export const prelude = ${JSON.stringify(prelude)};\nexport const frame = ${JSON.stringify(frame)};`;
    },
    transformIndexHtml: (html) => html.replace("'sha256-SANDBOX'", digest),
  };
}

export default defineConfig({
  // relative: the files work from any folder of any server
  base: "./",
  define: {
    "import.meta.env.ORTHONORM_VERSION": JSON.stringify(JSON.parse(readFileSync(root("package.json"), "utf8")).version),
  },
  plugins: [sandbox(), offline()],
  resolve: { alias },
  build: { target: "es2022", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  worker: { format: "es" },
});
