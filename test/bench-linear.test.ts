// The bench of linear times right answers only, beside limits that do the work that they are said to do.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Benchmark from "benchmark";
import { describe, expect, it } from "vitest";
import type { Contestant } from "../bench/linear/contestant.js";
import { contestantsOf } from "../bench/linear/engine.js";
import { loopsOf, peak, reading } from "../bench/linear/limits.js";
import { makeProblem, parseShapes } from "../bench/linear/problem.js";
import { runTable } from "../bench/linear/suite.js";
import { drawTable } from "../bench/linear/table.js";
import { linearPage } from "../bench/report/linear.js";
import { readRecords } from "../bench/report/records.js";
import { createEngine } from "../dist/index.js";

const own = contestantsOf(createEngine(), ["f32", "bf16", "f16"]);
const memory = new WebAssembly.Memory({ initial: 1 });
const simd = loopsOf("simd", memory);

describe("contestants", () => {
  it.each(own)("$name agrees with the oracle", async ({ setup }) => {
    for (const shape of parseShapes("1x70x3,5x67x9,16x64x64")) {
      const prepared = await setup(makeProblem(shape));
      expect(() => prepared.check()).toThrow(/^y\[0, 0\] expected/);
      prepared.run();
      prepared.check();
      await prepared.teardown();
    }
  });

  it("have no wrong number in the rows that are compared, and all numbers", () => {
    const { check, rows, cols, k, x, weight, bias } = makeProblem({ rows: 3, cols: 8, k: 5 });
    const right = Float32Array.from({ length: rows * k }, (_, at) => {
      const [i, j] = [Math.floor(at / k), at % k];
      return weight.subarray(j * cols, (j + 1) * cols).reduce((sum, w, n) => sum + w * x[i * cols + n], bias[j]);
    });
    check(right);
    for (let at = 0; at < right.length; at++) {
      for (const wrong of [right[at] + 1e-3, Number.NaN]) {
        const answer = right.slice();
        answer[at] = wrong;
        expect(() => check(answer)).toThrow(`y[${Math.floor(at / k)}, ${at % k}] expected`);
      }
    }
    expect(() => check(right.subarray(1))).toThrow("y expected 15 elements, got 14");
  });
});

describe("limits", () => {
  it("the peak computes what it counts", () => {
    const limit = peak(simd, { flops: 1e6 });
    expect(limit.flops).toBeGreaterThanOrEqual(1e6);
    expect(limit.flops).toBeLessThan(1e6 + 96);
    expect(() => limit.check()).toThrow("expected 96, got 0");
    limit.run();
    limit.check();
    expect(simd.operations.value).toBe(96);
    // 0, 1, … 11 in four lanes each, times 2, plus 1
    expect(simd.peak(1, 2, 1)).toBe(4 * (2 * 66 + 12));
  });

  it("the reading reads every word of W once", () => {
    // 255 and 260 words: with and without what four places side by side leave over
    for (const shape of parseShapes("1x51x5,1x65x4,1x3x1")) {
      const problem = makeProblem(shape);
      const limit = reading(simd, memory, problem);
      limit.run();
      limit.check();
      const words = new Int32Array(memory.buffer, 65536, problem.weight.length);
      for (let i = 0; i < words.length; i++) {
        words[i] ^= 1 << 7;
        limit.run();
        expect(() => limit.check(), `word ${i}`).toThrow("the exclusive or of W expected");
        words[i] ^= 1 << 7;
      }
    }
  });
});

describe("a table", () => {
  const wrong: Contestant = {
    name: "wrong",
    setup: (problem) => ({
      run() {},
      check: () => problem.check(new Float32Array(problem.bias.length)),
      teardown() {},
    }),
  };
  const run = (shape: string) =>
    runTable(
      Benchmark,
      { loops: { simd }, memory },
      parseShapes(shape)[0],
      [...own.filter(({ variant }) => variant), wrong],
      { seconds: 0.01 },
    );

  it("names who is wrong, and compares the others with the engine and with the limits", async () => {
    const one = await run("1x64x8");
    expect(one.leftOut).toEqual([{ name: "wrong", reason: expect.stringContaining("y[0, 0] expected") }]);
    expect(one.contestants.map(({ name, over }) => ({ name, over }))).toEqual([
      { name: "orthonorm, simd, f32", over: { simd: 1 } },
    ]);
    const [{ ofPeak, ofReading, gigaflopsPerSecond, nanoseconds }] = one.contestants;
    expect(gigaflopsPerSecond).toBeCloseTo((2 * 64 * 8) / nanoseconds, 2);
    expect(ofPeak).toBeGreaterThan(0);
    expect(ofReading).toBeGreaterThan(0);
    expect(drawTable(one)).toContain("left out: wrong: y[0, 0] expected");
    const more = await run("2x64x8");
    expect(more.contestants[0].ofReading).toBeNull();
    expect(more.limits.reading).toBeNull();
  });
});

describe("options", () => {
  it.each(["512x768", "0x1x1", "1x1x1,", "1x1x1.5", "axbxc"])("--shapes %s is refused", (text) => {
    expect(() => parseShapes(text)).toThrow("--shapes expected rows×cols×k such as 512x768x3072, got ");
  });
});

describe("docs/linear.md", () => {
  const page = readFileSync(fileURLToPath(new URL("../docs/linear.md", import.meta.url)), "utf8");

  it("marks what is too noisy to be believed, and names who is missing", () => {
    const records = readRecords().linear;
    const [{ results, absent }] = records;
    const [first] = results;
    for (const one of first.contestants) one.lowerQuartile = one.upperQuartile = one.nanoseconds;
    first.noise.drift = 1;
    const lineOf = () => /\| 512 × 768 → 768 \|.*/.exec(linearPage(page, records))?.[0] ?? expect.fail("no such line");
    const share = `${(100 * (first.contestants[0].ofPeak as number)).toFixed(0)} %`;
    first.limits.peak.simd = { nanoseconds: 1, lowerQuartile: 1, upperQuartile: 1, samples: 5, rate: 1 };
    expect(lineOf()).not.toContain("~");
    expect(lineOf()).toContain(`| ${share} |`);
    first.limits.peak.simd.upperQuartile = 2;
    expect(lineOf()).toContain(`| ~ ${share} |`);
    const peer = first.contestants.findIndex(({ name }) => name.startsWith("jax-js"));
    first.contestants[peer].upperQuartile *= 2;
    expect(lineOf()).toMatch(/× \| ~ [\d.]+× \| ~ /);
    first.contestants.splice(peer, 1);
    first.leftOut.push({ name: "jax-js, jit of lax.dot", reason: "y[1, 0] expected 1, got 2" });
    expect(lineOf()).toMatch(/× \| – \| ~ /);
    absent.push({ name: "onnxruntime-web", reason: "npm ci failed" });
    const text = linearPage(page, records);
    expect(text).toContain("512 × 768 → 768, left out: jax-js, jit of lax.dot: y[1, 0] expected 1, got 2.");
    expect(text).toContain("was without onnxruntime-web: npm ci failed.");
  });

  it("has its two marks", () => {
    expect(() => linearPage(page.replace("<!-- /linear -->", ""), [])).toThrow("expected its two marks");
  });
});
