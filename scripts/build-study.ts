/**
 * Bundles the command line into dist/cli/orthonorm.js, so that installing the package installs no command-line library.
 *
 * The engine stays outside: `orthonorm` resolves by the package's own name to dist/index.js, the very build it ships.
 * What is bundled keeps its licence: legal comments at the end of the file, the packages' licences in THIRD-PARTY.txt.
 */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outfile = join(root, "dist/cli/orthonorm.js");

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["study/src/cli.ts"],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  charset: "utf8",
  // hash-wasm's ES module first: of its other form all 20 algorithms would come along, 268 KB instead of 15.
  mainFields: ["module", "main"],
  legalComments: "eof",
  // cli-table3 asks for @colors/colors only to paint its own frame and heads, which the study's table has none of.
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
writeFileSync(join(dirname(outfile), "THIRD-PARTY.txt"), thirdParty(packages));
chmodSync(outfile, 0o755);
console.log(
  `${relative(root, outfile)}  ${Math.round(bytes(metafile) / 1024)} KiB, with ${packages.map(nameOf).join(", ")}`,
);

/** The folders of the packages that put code into the bundle, in the order of their names. */
function bundledPackages({ outputs }: Metafile): string[] {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (folder !== undefined && bytesInOutput > 0) folders.add(resolve(root, folder));
    }
  }
  return [...folders].sort();
}

function thirdParty(folders: readonly string[]): string {
  const parts = folders.map((folder) => {
    const { name, version, license } = manifest(folder);
    const file = readdirSync(folder).find((entry) => /^licen[cs]e([-.]\w+)*$/i.test(entry));
    // A licence asks for its text to go with every copy: without it there must be no bundle.
    if (file === undefined) throw new Error(`build-study: ${name} expected a licence file, got none`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  const line = `\n${"-".repeat(78)}\n\n`;
  return `orthonorm.js contains these packages, each under its own licence.\n${line}${parts.join(line)}`;
}

function nameOf(folder: string): string {
  return manifest(folder).name;
}

function manifest(folder: string): { name: string; version: string; license: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function bytes({ outputs }: Metafile): number {
  return Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
}
