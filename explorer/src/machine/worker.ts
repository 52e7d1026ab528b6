/** The benches of bench/ in a worker of the page: the same definitions as in Node, on the page's own engine. */
import "./window.js";
import { best, copy, plain, relaxed, resident } from "@orthonorm/bench/contestants/index";
import { shapes } from "@orthonorm/bench/shapes";
import { openEnvironment, runCase } from "@orthonorm/bench/suite";
import { clockStep, openBenchmark, sampleTimes, watchSamples } from "./clock.js";
import { type Order, ops, quickShapes, type Report, seconds } from "./messages.js";

const Benchmark = openBenchmark();
const contestants = [resident, relaxed, best, plain, copy];

const tell = (report: Report) => postMessage(report);

addEventListener("message", async ({ data: { full } }: MessageEvent<Order>) => {
  try {
    const step = clockStep();
    const watched = watchSamples(Benchmark);
    const budget = { seconds: full ? seconds.full : seconds.quick, ...sampleTimes(step) };
    const environment = openEnvironment();
    const cases = ops.flatMap((op) =>
      (full ? shapes : quickShapes).map((shape) => ({ op, dtype: "f32" as const, ...shape })),
    );
    for (const [i, which] of cases.entries()) {
      tell({ kind: "progress", which, done: i, of: cases.length });
      tell({ kind: "table", table: await runCase(Benchmark, environment, which, contestants, budget) });
    }
    tell({
      kind: "done",
      variant: environment.engine.variant,
      relaxed: environment.relaxed !== undefined,
      clockStep: step,
      shortestSample: watched.shortest,
    });
  } catch (error) {
    tell({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
});
