/** docs/performance.md: what is fast, beside whom, and how it was measured. */
import { digits, duration } from "../format.js";
import { limits } from "../noise.js";
import type { OpName } from "../ops.js";
import { listed, table } from "./markdown.js";
import {
  builds,
  isDoubtful,
  major,
  names,
  opsOf,
  type Record,
  type Records,
  rowOf,
  tableOf,
  titleOf,
} from "./records.js";
import { engineTable, figureTable, peersTable, provenanceTable, relaxedTable, sizeTable } from "./tables.js";

/** The shape that the page speaks of: a sequence of 128 tokens of a model 768 wide. */
const [rows, cols] = [128, 768];

export function readerPage(records: Records): string {
  const { engine, peers, relaxed, size } = records;
  return [
    "# How fast it is",
    "",
    "<!-- Written by `npm run performance` from the records in bench/record/. Change bench/report/ instead. -->",
    "",
    ...summary(records),
    "![Gigabytes per second over shapes, for the engine, the copy and plain JavaScript](performance.svg)",
    "",
    "*The grey lines are copies of the same bytes, which compute nothing: the closer a blue line comes to the grey one of its",
    "kind, the less there is to gain. Solid: into another tensor; dashed: in place. The axis is logarithmic, and counts x read once",
    "and y written once.*",
    "",
    "## What to expect",
    "",
    ...expectations(engine),
    "What a page loads, bundled, minified and gzipped, with the kernels (`npm run size`):",
    "",
    ...sizeTable(size),
    "## The engine, shape by shape",
    "",
    "The median time of one call. *resident*: operands and result are Tensors; *arrays*: they are typed arrays, copied in and out;",
    "*kernel alone*: without the checks of the public call. *× plain*: times as fast as the plain JavaScript loop; *÷ copy*: times as",
    `long as the copy. \`~\`: too noisy to be believed, for half of its samples lie more than ${100 * limits.spread} % of the median apart.`,
    "",
    ...besideBaseline(engine),
    ...engine.flatMap((record) => opsOf(record).flatMap((op) => engineTable(record, op))),
    "### Single figures",
    "",
    "What the tables do not say, with the two times that each figure was made of.",
    "",
    ...figureTable(engine),
    "### Relaxed SIMD",
    "",
    "With relaxed SIMD a product and a sum are rounded once, in one instruction. `createEngine({ variant: relaxed })` takes such",
    "kernels where the runtime has it and where they win: layerNorm in f32, f64 and bf16. The table has the time of each",
    "kernel compiled so over its time with simd (`npm run bench:relaxed`). The limits of rmsNorm are loads and multiplications: it",
    "gains nothing that would pay for a second build. The default stays simd, whose bits are the same everywhere.",
    "",
    ...relaxedTable(relaxed),
    "## Beside others, shape by shape",
    "",
    "Each at its best, on one thread, in the same rounds as the engine. Below each time: how many times as long as the engine's",
    "call on Tensors it is.",
    "",
    "- *onnxruntime, kernel*: one node of the graph, with its dispatch by the executor: the time of a chain of equal nodes less that",
    "  of one node, over the difference in number. *session.run*: the public call; x is a tensor made once, the result a new one.",
    "- *tfjs-wasm*: TensorFlow.js has no such op; it is composed of mean, sub, square, rsqrt, mul and add within `tidy`.",
    "- *jax-js*: the formula in `jit`; x and parameters are resident, and a call ends when its result is ready.",
    "- *native C*: [norm.c](../bench/native/norm.c), the same algorithm with vectors of 128 bits, and with the widest that",
    "  `-march=native` offers (fused multiply-add included), in a process of its own.",
    "",
    ...peers.flatMap(peersPart),
    "## How it is measured",
    "",
    ...method,
    "## Where the numbers come from",
    "",
    ...provenanceTable([...engine, ...peers]),
    `Sizes are those of ${builds([size])}. Times of two records do not compare; their ratios do, with care.`,
    "",
    "The machine is one of many on its host, which lends its time, its caches and its memory to others: quartiles 10 to 40 % of the",
    "median apart are usual, and single figures stray further. Quartiles and the number of samples are in the records.",
    "",
    ...commands,
  ].join("\n");
}

/** What the rows of the earlier build are, where it took part. */
function besideBaseline(engine: readonly Record[]): string[] {
  const commits = new Set(engine.flatMap(({ baseline }) => baseline ?? []));
  if (commits.size === 0) return [];
  return [
    `*baseline*: the package of commit ${listed([...commits])}, in the same rounds. *÷ baseline*: times as long as its contestant that does the same;`,
    "of calls of a few microseconds, and where the rounds found more than 3 % of difference, the median of several processes.",
    "",
  ];
}

/** The first thing to say: how fast, and beside whom. */
function summary({ engine, peers }: Records): string[] {
  const spoken = opsOf(engine[0]);
  const times = spoken.map((op) => {
    const each = engine.map((record) => {
      const found = rowOf(tableOf(record, op, rows, cols), names.engine);
      if (typeof found?.timesPlain !== "number") return `an unknown time on Node ${major(record)}`;
      return `${duration(found.nanoseconds)} on Node ${major(record)} (a plain JavaScript loop ${digits(found.timesPlain)} times as long)`;
    });
    return `${titleOf(op)} takes ${listed(each)}.`;
  });
  const columns = peers.flatMap((record) => spoken.map((op) => ({ record, op })));
  const [first] = peers;
  const others = [...new Set(first.results.flatMap(({ contestants }) => contestants.map(({ name }) => name)))].filter(
    (name) => name === names.best || name.startsWith("native") || !Object.values(names).includes(name),
  );
  return [
    `The times on this page are those of ${builds([...engine, ...peers])}. \`npm run bench:baseline\` compares the build that you have with an`,
    "earlier one.",
    "",
    `On ${rows}×${cols} numbers in f32, on Tensors and one thread:`,
    "",
    ...times.map((one) => `- ${one}`),
    "",
    "How many times as long as the engine others take for the same, measured in the same rounds:",
    "",
    ...table(
      ["", ...columns.map(({ record, op }) => `${titleOf(op)}, Node ${major(record)}`)],
      others.map((name) => [name, ...columns.map(({ record, op }) => timesAsLong(record, op, name))]),
    ),
    `\`~\` marks what was too noisy to be believed. [Below](#beside-others-shape-by-shape) are the other shapes, and what these are.`,
    "The speed that the project is aiming for, and what stands in the way of it, is on a page for contributors:",
    "[performance targets](contributing/performance-targets.md).",
    "",
  ];
}

function timesAsLong(record: Record, op: OpName, name: string): string {
  const one = tableOf(record, op, rows, cols);
  const [row, engine] = [rowOf(one, name), rowOf(one, names.engine)];
  if (one === undefined || engine === undefined || typeof row?.overEngine !== "number") return "–";
  return `${isDoubtful(one, row) || isDoubtful(one, engine) ? "~ " : ""}${digits(row.overEngine)}×`;
}

/** What a user decides, and what it costs. */
function expectations(engine: readonly Record[]): string[] {
  const figure = (begins: string, show: (value: number) => string) =>
    listed(
      engine.map((record) => {
        const found = record.lines.filter(({ what }) => what.startsWith(begins)).sort((a, b) => b.value - a.value)[0];
        return found === undefined ? "?" : `${show(found.value)} (Node ${major(record)})`;
      }),
    );
  const ratio = (shape: readonly [number, number], name: string, key: "timesPlain" | "overEngine") =>
    listed(
      engine.map((record) => {
        const one = tableOf(record, "layerNorm", ...shape);
        const row = rowOf(one, name);
        if (one === undefined || typeof row?.[key] !== "number") return "?";
        return `${isDoubtful(one, row) ? "~ " : ""}${times(row[key])} (Node ${major(record)})`;
      }),
    );
  const times = (value: number) => `${digits(value)} times`;
  const ns = (value: number) => `${value.toFixed(0)} ns`;
  return [
    `- **Tensors instead of typed arrays.** A typed array is copied into the engine's memory, and its result out of it: ${rows}×${cols}`,
    `  with \`out\` takes ${figure("typed arrays with out", times)} as long as on Tensors; without \`out\`,`,
    `  where each call makes an array that is collected later, ${ratio([rows, cols], names.arrays, "overEngine")}.`,
    `- **Small vectors.** The checks of a call cost at most ${figure("public call over", ns)}. On one row of 64 numbers the`,
    `  engine is ${ratio([1, 64], names.engine, "timesPlain")} as fast as a plain loop on Tensors,`,
    `  and ${ratio([1, 64], names.arraysOut, "timesPlain")} on typed arrays, where the loop is the faster. Many rows in`,
    "  one call pay for the checks once.",
    `- **Element types.** On ${rows}×${cols}, f64 takes ${figure("f64 over f32", times)} as long as f32, bf16`,
    `  ${figure("bf16 over f32", times)}, and f16 ${figure("f16 over f32", times)}: halves are half the`,
    "  bytes, but WebAssembly has no instructions for them.",
    `- **Difficult rows.** A row with a mean far from 0 is read once more: at a mean of 1e4 and a standard deviation of 1 it takes`,
    `  ${figure("rows that one pass cannot settle", times)} as long.`,
    `- **The first call.** From the import to the first result it is ${figure("import to first result", (value) => `${value.toFixed(0)} ms`)}, the`,
    "  start of Node itself not counted.",
    "",
  ];
}

function peersPart(record: Record): string[] {
  const versions = Object.entries(record.peers ?? {}).map(([name, version]) => `${name} ${version}`);
  return [
    `Node ${major(record)}: ${versions.join(", ")}.`,
    "",
    ...opsOf(record).flatMap((op) => peersTable(record, op)),
    ...(record.absent ?? []).flatMap(({ name, reason }) => [
      `Absent on Node ${major(record)}: ${name}: ${reason}.`,
      "",
    ]),
  ];
}

const method = [
  "- Every contestant's answer is compared with the f64 reference first. Who is wrong is named and not timed.",
  "- Contestants take turns, with one sample of about 2 ms per round, after an untimed batch that brings operands back into cache. A",
  "  time is the median of the samples. A ratio is the median over the rounds of the ratio of two samples of one round: what else",
  "  the machine does meets both.",
  `- A time is too noisy to be believed where its quartiles lie more than ${100 * limits.spread} % of the median apart, and a whole table where the copy,`,
  "  which always does the same, became faster or slower by more than a quarter while it was measured:",
  "  [noise.ts](../bench/noise.ts) says how these limits were found.",
  "- One thread. x is N(0, 1), eps is 1e-5; LayerNorm has weight and bias, RMSNorm a weight.",
  "- The contestants are in [bench/contestants](../bench/contestants), the others in [bench/peers](../bench/peers), native C in",
  "  [bench/native](../bench/native); what a record holds is in [bench/record](../bench/record/README.md).",
  "",
];

const commands = [
  "```sh",
  "npm ci && npm run build",
  "npm run bench                                # the engine's tables: about seven minutes, with `--alone` two to four; --help has the options",
  "npm run bench:peers                          # beside others, which are installed on first use: half a gigabyte",
  "npm run bench:baseline                       # today's build beside an earlier commit's",
  "npm run bench:relaxed                        # what relaxed SIMD wins: Node 22 or newer",
  "npm run bench:linear                         # the linear layer beside others: docs/linear.md has the tables",
  "npm run bench:norm-linear                    # a norm and its projection in one call, over the two calls",
  "npm run bench:dots                           # why weights of 8 bits take no relaxed dot product",
  "npm run size                                 # what a page loads",
  "npm run performance                          # this page from the records",
  "```",
  "",
  "How a record is made is in [bench/record](../bench/record/README.md).",
  "",
];
