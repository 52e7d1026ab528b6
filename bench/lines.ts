/** What the tables do not say, a line each. The same in Node and in a page. */
import { ask, check } from "./check.js";
import { arraysOut, type Entry, kernel, resident } from "./contestants/index.js";
import { type BenchmarkClass, difference, type Effort, measure, ratio, type Timed, type Timing } from "./measure.js";
import { type Case, makeProblem, type OpName, type Place, type Problem } from "./problem.js";
import { round } from "./suite.js";

export interface Line {
  what: string;
  value: number;
  unit: "ns" | "×" | "ms";
  /** The two times it was made of, and the like. */
  of: string;
}

/** What the public call costs beyond the kernel's export, 1×64, resident. */
export async function callOverhead(
  Benchmark: BenchmarkClass,
  place: Place,
  op: OpName,
  when: string,
  effort: Effort,
): Promise<Line> {
  const problem = makeProblem({ op, dtype: "f32", rows: 1, cols: 64 }, place);
  const [call, bare] = await times(
    Benchmark,
    [
      [problem, resident],
      [problem, kernel],
    ],
    effort,
  );
  problem.dispose();
  const what = `public call over the raw export, ${op} 1×64 resident, ${when}`;
  return { what, value: round(difference(call, bare) * 1e9), unit: "ns", of: `${median(call)} − ${median(bare)}` };
}

/** Two ways of doing LayerNorm 128×768, the first over the second. */
export async function ratios(Benchmark: BenchmarkClass, place: Place, effort: Effort): Promise<Line[]> {
  const which: Case = { op: "layerNorm", dtype: "f32", rows: 128, cols: 768 };
  const usual = makeProblem(which, place);
  const problems: Problem[] = [usual];
  const add = (problem: Problem) => {
    problems.push(problem);
    return problem;
  };
  const compared: [string, Problem, Entry][] = [
    ["rows that one pass cannot settle, N(1e4, 1), over N(0, 1)", add(makeProblem(which, place, 1e4)), resident],
    ["typed arrays with out over resident", usual, arraysOut],
    ...(["f64", "bf16", "f16"] as const).map((dtype): [string, Problem, Entry] => [
      `${dtype} over f32, resident`,
      add(makeProblem({ ...which, dtype }, place)),
      resident,
    ]),
  ];
  const [base, ...others] = await times(
    Benchmark,
    [[usual, resident], ...compared.map(([, problem, entry]): [Problem, Entry] => [problem, entry])],
    effort,
  );
  for (const problem of problems) problem.dispose();
  return compared.map(([what], i) => ({
    what: `${what}, layerNorm 128×768`,
    value: round(ratio(others[i], base)),
    unit: "×",
    of: `${median(others[i])} / ${median(base)}`,
  }));
}

/** The times of contestants that have been checked. */
async function times(Benchmark: BenchmarkClass, who: readonly [Problem, Entry][], effort: Effort): Promise<Timing[]> {
  const timed: Timed[] = [];
  for (const [problem, { name, enter }] of who) {
    const contestant = { name, ...(await enter(problem)) };
    await check(contestant, problem, ask(problem));
    timed.push(contestant);
  }
  return measure(Benchmark, timed, effort);
}

const median = (timing: Timing) => duration(timing.median * 1e9);

/** Nanoseconds in the unit that suits, to three digits. */
export function duration(nanoseconds: number): string {
  const [value, unit] =
    nanoseconds < 1e3
      ? [nanoseconds, "ns"]
      : nanoseconds < 1e6
        ? [nanoseconds / 1e3, "µs"]
        : nanoseconds < 1e9
          ? [nanoseconds / 1e6, "ms"]
          : [nanoseconds / 1e9, "s"];
  return `${digits(value)} ${unit}`;
}

/** Three digits, never an exponent. */
export const digits = (x: number) => x.toFixed(x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2);
