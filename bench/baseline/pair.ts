/**
 * One public call of today's build and of the baseline's, checked and then timed in turns, in a process of its own:
 * `tsx pair.ts FOLDER OP DTYPE ROWS COLS CONTESTANT SECONDS FIRST`, where FIRST, today or baseline, is warmed up first. Prints both
 * medians in ns and their ratio as JSON.
 */
import { pathToFileURL } from "node:url";
import Benchmark from "benchmark";
import type { DType } from "../../dist/index.js";
import { check, reference } from "../check.js";
import { contestants } from "../contestants/index.js";
import { measure, ratio } from "../measure.js";
import type * as table from "../ops.js";
import type { OpName } from "../ops.js";
import { makeProblem, type Problem } from "../problem.js";
import { openEnvironment } from "../suite.js";

export interface Pair {
  today: number;
  baseline: number;
  ratio: number;
}

const [folder, op, dtype, rows, cols, name, seconds, first] = process.argv.slice(2);
const before = await import(pathToFileURL(`${folder}/dist/index.js`).href);
const contestant = contestants.find((one) => one.name === name);
if (contestant === undefined) throw new Error(`pair: contestant expected a name, got ${JSON.stringify(name)}`);

const order = first === "today" ? ["today", "baseline"] : ["baseline", "today"];
const problems: Problem[] = [];
for (const build of order) {
  const environment = openEnvironment(build === "today" ? undefined : before);
  // The calls are a module of their own for each build: were the same function to call both, V8 would keep two targets where
  // a page has one, inline neither, and time that instead.
  const { ops }: typeof table = await import(`../ops.js?${build}`);
  const which = { op: op as OpName, dtype: dtype as DType, rows: Number(rows), cols: Number(cols) };
  problems.push({ ...makeProblem(which, environment), description: ops[which.op] });
}
const ready = await Promise.all(problems.map(contestant.setup));
for (const [i, prepared] of ready.entries()) await check(prepared, problems[i], reference(problems[i]));
const timings = await measure(Benchmark, ready, { seconds: Number(seconds) });
const [today, baseline] = ["today", "baseline"].map((build) => timings[order.indexOf(build)]);
const pair: Pair = { today: today.median * 1e9, baseline: baseline.median * 1e9, ratio: ratio(today, baseline) };
console.log(JSON.stringify(pair));
