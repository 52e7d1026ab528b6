/**
 * A contestant and its counterpart of the baseline, checked and then timed in turns, in a process of their own:
 * `tsx pair.ts OP DTYPE ROWS COLS CONTESTANT SECONDS FIRST`, where FIRST, today or baseline, is warmed up first. Prints both medians in
 * ns and their ratio as JSON.
 */
import Benchmark from "benchmark";
import type { DType } from "../../dist/index.js";
import { check, reference } from "../check.js";
import { contestants } from "../contestants/index.js";
import { measure, ratio } from "../measure.js";
import type { OpName } from "../ops.js";
import { makeProblem } from "../problem.js";
import { openEnvironment } from "../suite.js";
import { processorTime } from "./clock.js";
import { openBaseline } from "./open.js";
import type { Pair } from "./processes.js";

const [op, dtype, rows, cols, name, seconds, first] = process.argv.slice(2);
const before = await openBaseline();
const counterpart = Object.values(before.contestants).find((one) => one.counterpart === name);
const contestant = contestants.find((one) => one.name === name);
if (contestant === undefined || counterpart === undefined) {
  throw new Error(`pair: contestant expected the name of one with a counterpart, got ${JSON.stringify(name)}`);
}
const which = { op: op as OpName, dtype: dtype as DType, rows: Number(rows), cols: Number(cols) };
const problem = makeProblem(which, openEnvironment());
const expected = reference(problem);
const builds = first === "today" ? [contestant, counterpart] : [counterpart, contestant];
const ready = await Promise.all(builds.map(({ setup }) => setup(problem)));
for (const prepared of ready) await check(prepared, problem, expected);
const timings = await measure(Benchmark, ready, { seconds: Number(seconds), clock: processorTime });
const [today, baseline] = [contestant, counterpart].map((one) => timings[builds.indexOf(one)]);
const pair: Pair = { today: today.median * 1e9, baseline: baseline.median * 1e9, ratio: ratio(today, baseline) };
console.log(JSON.stringify(pair));
