/** The baseline's package, imported, with an engine of its own and its raw exports, ready to compete with today's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as table from "../ops.js";
import type { Kernel, Package } from "../ops.js";
import { openEnvironment } from "../suite.js";
import { buildBaseline } from "./build.js";
import { type Baseline, baselineContestants } from "./contestants.js";

/** @param folder of the unpacked package */
export async function openBaseline(folder = buildBaseline()): Promise<Baseline> {
  const from: Package = await import(pathToFileURL(join(folder, "dist/index.js")).href);
  const environment = openEnvironment(from);
  // The calls are a module of their own for each build: were the same function to call both, V8 would keep two targets where
  // a page has one, inline neither, and time that instead. (The name is not a literal, or tsc would look for such a file.)
  const build = "baseline";
  const { ops }: typeof table = await import(`../ops.js?${build}`);
  const { memory } = environment;
  const module = new WebAssembly.Module(readFileSync(join(folder, "dist/wasm/norm.simd.wasm")));
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, Kernel>;
  return { environment, ops, contestants: baselineContestants({ ...environment, kernels }, ops) };
}
