// What a page that runs models loads of the runner.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Kilobytes of the runner for a browser, minified and gzipped, without the packages that are left out. */
async function kilobytes(contents: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    external,
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1024;
}

/** All that a model is run with, from tensors that are read: `openFrom` and `conversionOf` bring the readers of files. */
const runner =
  "architectures, characterTokenizer, checkpointOf, generate, hubTokenizer, likeliest, llama2cTokenizer, lossOf, openLlama2c, sampler, Transformer";

describe("the runner, gzipped, without an engine and without readers of files", () => {
  it("with every architecture and tokenizer: at most 40 KB", async () => {
    expect(await kilobytes(`export { ${runner} } from "@orthonorm/models";`, ["orthonorm"])).toBeLessThanOrEqual(40);
  });

  it("that takes characters or tokens alone: at most 14 KB", async () => {
    const names = "characterTokenizer, checkpointOf, generate, Transformer";
    expect(await kilobytes(`export { ${names} } from "@orthonorm/models";`, ["orthonorm"])).toBeLessThanOrEqual(14);
  });
});

it("the runner with the engine and all kernels that it takes, gzipped: at most 70 KB", async () => {
  expect(await kilobytes(`export { ${runner} } from "@orthonorm/models";`, [])).toBeLessThanOrEqual(70);
});
