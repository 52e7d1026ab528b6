/**
 * Bundles the command line into dist/cli/orthonorm.js, so that installing the package installs no command-line library.
 * The HTML report, with its charts and its font, is a file of its own: report.js is read when a report is asked for.
 *
 * The engine stays outside: `orthonorm` resolves by the package's own name to dist/index.js, the very build it ships.
 * What is bundled keeps its licence: legal comments at the end of the file, the packages' licences in THIRD-PARTY.txt.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as assets from "@orthonorm/study/assets";
import { build, type Metafile, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outdir = join(root, "dist/cli");

/** The report's files as texts in the bundle: what the module would read when it is run, read now. */
const inlined: Plugin = {
  name: "inlined",
  setup({ onLoad }) {
    onLoad({ filter: /study[\\/]src[\\/]report[\\/]html[\\/]assets\.ts$/ }, () => ({
      contents: Object.entries(assets)
        .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
        .join("\n"),
    }));
  },
};

rmSync(outdir, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { orthonorm: "cli/src/main.ts", report: "@orthonorm/study/html" },
  outdir,
  bundle: true,
  splitting: true,
  plugins: [inlined],
  format: "esm",
  platform: "node",
  target: "node20",
  charset: "utf8",
  // hash-wasm's ES module first: of its other form all 20 algorithms would come along, 268 KB instead of 15.
  mainFields: ["module", "main"],
  legalComments: "eof",
  // cli-table3 asks for @colors/colors only to paint its own frame and heads, which the command's table has none of.
  // onnxruntime is asked for by name where a model is run, and esbuild leaves such imports alone.
  external: ["orthonorm", "orthonorm/reference", "node:*", "@colors/colors"],
  banner: {
    // commander and cli-table3 are CommonJS: their require("node:events") needs a require in the ES module.
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as createRequireHere } from "node:module";',
      "const require = createRequireHere(import.meta.url);",
    ].join("\n"),
  },
  metafile: true,
  logLevel: "warning",
});

const packages = bundledPackages(metafile);
writeFileSync(join(outdir, "THIRD-PARTY.txt"), thirdParty(packages));
chmodSync(join(outdir, "orthonorm.js"), 0o755);
for (const [output, { bytes }] of Object.entries(metafile.outputs))
  console.log(`${output}  ${Math.round(bytes / 1024)} KiB`);
console.log(`${relative(root, outdir)} has ${packages.map(nameOf).join(", ")}`);

/** The folders of the packages that put code into the bundle, in the order of their names. */
function bundledPackages({ outputs }: Metafile): string[] {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (folder !== undefined && bytesInOutput > 0) folders.add(resolve(root, folder));
    }
  }
  // The font comes in by way of a text.
  folders.add(join(root, "node_modules", assets.fontPackage));
  return [...folders].sort();
}

function thirdParty(folders: readonly string[]): string {
  const parts = folders.map((folder) => {
    const { name, version, license } = manifest(folder);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e([-.]\w+)*$/i.test(entry));
    // A licence asks for its text to go with every copy: without it there must be no bundle.
    if (file === undefined) throw new Error(`build-cli: ${name} expected a licence file, got none`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  const line = `\n${"-".repeat(78)}\n\n`;
  return `The files beside this one contain these packages, each under its own licence.\n${line}${parts.join(line)}`;
}

function nameOf(folder: string): string {
  return manifest(folder).name;
}

function manifest(folder: string): { name: string; version: string; license: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
