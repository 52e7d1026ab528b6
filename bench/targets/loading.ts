/** The targets of loading: the time from the import to the first result, over the baseline's, and what a page loads. */
import { join } from "node:path";
import { cold, hasCompileCache, withCompileCache } from "../cold.js";
import { root } from "../command.js";
import { sizes } from "../size.js";
import { type Line, lineOf } from "./line.js";

/** Milliseconds from the import of a built package to its first result, in a process of its own. */
function firstResult(folder: string, env: NodeJS.ProcessEnv = {}): number {
  const printed = cold(join(folder, "dist/index.js"), env);
  const time = Number.parseFloat(printed);
  if (!(time > 0)) throw new Error(`bench/cold.mjs expected to print milliseconds, got ${JSON.stringify(printed)}`);
  return time;
}

/** Today's and the baseline's in turns, so many times each. The first turn fills the caches, and does not count. */
export function coldLines(baseline: string, turns: number): Line[] {
  const plain: number[] = [];
  const cached: number[] = [];
  withCompileCache((caching) => {
    for (let turn = 0; turn <= turns; turn++) {
      const before = firstResult(baseline);
      const today = firstResult(root);
      const withCache = hasCompileCache() ? firstResult(root, caching) : undefined;
      if (turn === 0) continue;
      plain.push(today / before);
      if (withCache !== undefined) cached.push(withCache / before);
    }
  });
  const what = "import to first result";
  return [
    lineOf(`${what}, over the baseline's`, 0.45, plain),
    cached.length === 0
      ? {
          ...{ what: `${what}, with a compile cache, over the baseline's without`, side: "≤", limit: 0.3, unit: "×" },
          ...{ value: null, of: "Node 22.1 or newer has a compile cache" },
        }
      : lineOf(`${what}, with a compile cache, over the baseline's without`, 0.3, cached),
  ];
}

const entries = [
  { name: 'import { layerNorm } from "orthonorm/f32"', limit: 15.5 },
  { name: 'import { layerNorm } from "orthonorm"', limit: 26.5 },
];

export async function sizeLines(): Promise<Line[]> {
  const loaded = await sizes(root);
  return entries.map(({ name, limit }): Line => {
    const found = loaded.find((one) => one.name === name);
    return {
      ...{ what: `${name}, gzipped`, side: "≤", limit, unit: "KB" },
      value: found === undefined ? null : found.gzipped / 1024,
      of: found === undefined ? "this build has no such entry" : "minified",
    };
  });
}
