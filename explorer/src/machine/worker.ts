/** The benches of bench/ in a worker of the page: the same definitions as in Node, on the page's own engine. */
import "./window.js";
import { best, copy, plain, relaxed, resident } from "@orthonorm/bench/contestants/index";
import type { BenchmarkClass } from "@orthonorm/bench/measure";
import { shapes } from "@orthonorm/bench/shapes";
import { openEnvironment, runCase } from "@orthonorm/bench/suite";
import base from "benchmark";
import lodash from "lodash";
import platform from "platform";
import { type Order, ops, quickShapes, type Report, seconds } from "./messages.js";

// Benchmark finds neither lodash nor platform by itself in a bundle, and what it compiles looks for it there
const Benchmark = base.runInContext({ _: lodash, platform }) as BenchmarkClass;
Object.assign(globalThis, { Benchmark });

const contestants = [resident, relaxed, best, plain, copy];

const tell = (report: Report) => postMessage(report);

/** Seconds between two readings of the clock that differ: browsers make it coarse. */
function clockStep(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    least = Math.min(least, now - start);
  }
  return least / 1e3;
}

addEventListener("message", async ({ data: { full } }: MessageEvent<Order>) => {
  try {
    const step = clockStep();
    const budget = { seconds: full ? seconds.full : seconds.quick, sampleTime: Math.max(2e-3, 50 * step) };
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
    });
  } catch (error) {
    tell({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
});
