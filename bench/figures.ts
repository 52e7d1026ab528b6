/** What the tables do not say, in single figures: one way of doing an op beside another. The same in Node and in a page. */
import type { DType } from "../dist/index.js";
import { check, reference } from "./check.js";
import { arraysOut, type Contestant, kernel, type Prepared, resident } from "./contestants/index.js";
import { duration, round } from "./format.js";
import { type BenchmarkClass, type Budget, difference, measure, ratio, type Timing } from "./measure.js";
import { drift, type Noise, noiseOf } from "./noise.js";
import { type Description, type OpName, ops, type Shape } from "./ops.js";
import { type Case, type Distribution, type Environment, makeProblem, type Problem, standard } from "./problem.js";

export interface Figure {
  what: string;
  value: number;
  unit: "ns" | "×" | "ms";
  /** The two times it was made of, and the like. */
  of: string;
  noise: Noise;
}

/** One side of a comparison: who does what. */
export interface Side {
  case: Case;
  /** Of x; `standard` by default. */
  distribution?: Distribution;
  contestant: Contestant;
}

/** The first side's time less the second's, in ns, or over it. */
export interface Comparison {
  what: string;
  unit: "ns" | "×";
  first: Side;
  second: Side;
}

/** What of a request decides which figures are taken. */
export interface Asked {
  ops: readonly OpName[];
  shapes: readonly Shape[];
  /** The element types of the figures; the first is the one that others are compared with. */
  dtypes: readonly DType[];
}

/** What the public call costs beyond the kernel's export: at the smallest shape asked for, of each op whose kernel is called. */
export function overheads({ ops: asked, shapes, dtypes: [dtype] }: Asked, when: string): Comparison[] {
  const [shape] = [...shapes].sort((a, b) => a.rows * a.cols - b.rows * b.cols);
  return asked
    .filter((op) => (ops[op] as Description).kernel !== undefined)
    .map((op) => {
      const which = { op, dtype, ...shape };
      return {
        what: `public call over the raw export, ${title(which)} resident, ${when}`,
        unit: "ns",
        first: { case: which, contestant: resident },
        second: { case: which, contestant: kernel },
      };
    });
}

/** Ways of doing the first op asked for, over the usual one: at the shape asked for that is nearest to 128×768 in size. */
export function ratios({ ops: [op], shapes, dtypes: [dtype, ...others] }: Asked): Comparison[] {
  const usual: Side = { case: { op, dtype, ...nearest(shapes) }, contestant: resident };
  const compare = (what: string, first: Partial<Side>): Comparison => ({
    what: `${what}, ${title(usual.case)}`,
    unit: "×",
    first: { ...usual, ...first },
    second: usual,
  });
  return [
    compare("rows that one pass cannot settle, N(1e4, 1), over N(0, 1)", {
      distribution: { mean: 1e4, deviation: 1 },
    }),
    ...(ops[op].outputs.includes("y")
      ? [compare("typed arrays with out over resident", { contestant: arraysOut })]
      : []),
    ...others.map((other) => compare(`${other} over ${dtype}, resident`, { case: { ...usual.case, dtype: other } })),
  ];
}

/** Rows of zeros, as padding is, over ordinary rows: each op and element type asked for, at the shape nearest to 128×768. */
export function padding({ ops: asked, shapes, dtypes }: Asked): Comparison[] {
  const shape = nearest(shapes);
  return asked.flatMap((op) =>
    dtypes.map((dtype) => {
      const ordinary: Side = { case: { op, dtype, ...shape }, contestant: resident };
      return {
        what: `rows of zeros over N(0, 1), resident, ${title(ordinary.case)}`,
        unit: "×",
        first: { ...ordinary, distribution: zeros },
        second: ordinary,
      };
    }),
  );
}

export const zeros: Distribution = { mean: 0, deviation: 0 };

/** The shape whose size is nearest to that of 128×768. */
function nearest(shapes: readonly Shape[]): Shape {
  const distance = ({ rows, cols }: Shape) => Math.abs(Math.log((rows * cols) / (128 * 768)));
  return [...shapes].sort((a, b) => distance(a) - distance(b))[0];
}

export const title = ({ op, dtype, rows, cols }: Case) => `${op} ${dtype === "f32" ? "" : `${dtype} `}${rows}×${cols}`;

/** Times both sides of all comparisons in the same rounds, once their answers have been checked. */
export async function figures(
  Benchmark: BenchmarkClass,
  environment: Environment,
  comparisons: readonly Comparison[],
  budget: Budget,
): Promise<Figure[]> {
  const problems = new Map<string, Problem>();
  const sides = new Map<string, Prepared>();
  const keyOf = ({ case: { op, dtype, rows, cols }, distribution: { mean, deviation } = standard }: Side) =>
    `${op} ${dtype} ${rows}×${cols} ${mean} ${deviation}`;
  const nameOf = (side: Side) => `${keyOf(side)} ${side.contestant.name}`;
  for (const side of comparisons.flatMap(({ first, second }) => [second, first])) {
    const problem = problems.get(keyOf(side)) ?? makeProblem(side.case, environment, side.distribution);
    problems.set(keyOf(side), problem);
    if (sides.has(nameOf(side))) continue;
    const prepared = await side.contestant.setup(problem);
    await check(prepared, problem, reference(problem));
    sides.set(nameOf(side), prepared);
  }
  const timings = await measure(Benchmark, [...sides.values()], budget);
  for (const { teardown } of sides.values()) await teardown?.();
  for (const problem of problems.values()) problem.dispose();

  const names = [...sides.keys()];
  const timing = (side: Side) => timings[names.indexOf(nameOf(side))];
  return comparisons.map(({ what, unit, first, second }) => {
    const [a, b] = [timing(first), timing(second)];
    const value = unit === "ns" ? difference(a, b) * 1e9 : ratio(a, b);
    const of = `${median(a)} ${unit === "ns" ? "−" : "/"} ${median(b)}`;
    return {
      what,
      value: round(value),
      unit,
      of,
      noise: noiseOf([rowOf("first", a), rowOf("second", b)], drift(b.samples)),
    };
  });
}

const median = (timing: Timing) => duration(timing.median * 1e9);

const rowOf = (name: string, { median, lowerQuartile, upperQuartile }: Timing) => ({
  name,
  nanoseconds: median * 1e9,
  lowerQuartile: lowerQuartile * 1e9,
  upperQuartile: upperQuartile * 1e9,
});
