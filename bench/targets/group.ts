/** The comparisons of one group, checked and timed, in a process of its own: `tsx group.ts GROUP SECONDS` prints the figures as JSON. */
import Benchmark from "benchmark";
import { processorTime } from "../baseline/clock.js";
import { openBaseline } from "../baseline/open.js";
import { figures } from "../figures.js";
import { openEnvironment } from "../suite.js";
import { type GroupName, targetsOf } from "./comparisons.js";

const [name, seconds] = process.argv.slice(2);
const { contestants } = await openBaseline();
const targets = targetsOf(name as GroupName, contestants);
const budget = { seconds: Number(seconds), clock: processorTime };
const measured = await figures(Benchmark, openEnvironment(), targets, budget);
console.log(JSON.stringify(measured.map((figure, i) => ({ ...figure, limit: targets[i].limit ?? null }))));
