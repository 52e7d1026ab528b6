// Writes docs/performance.md and its figure from the records in bench/record/: `npm run performance`.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Figure as Line } from "../bench/figures.js";
import { digits, duration } from "../bench/format.js";
import type { Row, Table } from "../bench/suite.js";

type OpName = "layerNorm" | "rmsNorm";

interface Record {
  file: string;
  machine: { cpu: string; cores: number; platform: string };
  runtime: { node: string; v8: string };
  commit: string | null;
  date: string;
  command: string;
  results: Table[];
  lines: Line[];
  /** Versions of the peers, and of the compiler of native C with its flags. */
  peers?: { [name: string]: string };
  /** Peers that did not get as far as a table. */
  absent?: { name: string; reason: string }[];
}

const folder = "bench/record";
const page = "docs/performance.md";
const figure = "docs/performance.svg";
const majors = ["20", "24"];
const ops: readonly OpName[] = ["layerNorm", "rmsNorm"];
const titles = { layerNorm: "LayerNorm", rmsNorm: "RMSNorm" };

const names = {
  engine: "engine, resident",
  inPlace: "engine, resident, in place",
  kernel: "engine's kernel alone",
  plain: "plain JavaScript",
  copy: "v128 copy",
  copyInPlace: "v128 copy, in place",
  webKernel: "onnxruntime-web, kernel",
  webCall: "onnxruntime-web, session.run",
  nodeKernel: "onnxruntime-node, kernel",
  native: "native C, -msse4.2",
};

const engines = await read("node");
const peers = await read("peers-node");
if (engines.length === 0)
  throw new Error(`${folder}/ expected node20.json or node24.json: npm run bench -- --json FILE`);

const relaxedFile = `${folder}/relaxed-node24.json`;
const relaxed = existsSync(relaxedFile) ? JSON.parse(await readFile(relaxedFile, "utf8")) : undefined;

async function read(prefix: string): Promise<Record[]> {
  const files = majors.map((major) => `${folder}/${prefix}${major}.json`).filter((file) => existsSync(file));
  return Promise.all(files.map(async (file) => ({ file, ...JSON.parse(await readFile(file, "utf8")) })));
}

// ── the page ──

function write(): string {
  const verdicts = bars();
  const reached = verdicts.filter(({ holds }) => holds === true).length;
  const judged = verdicts.filter(({ holds }) => holds !== undefined).length;
  return [
    "# How fast it is",
    "",
    "<!-- Written by `npm run performance` from the records in bench/record/. Change scripts/performance.ts instead. -->",
    "",
    headline(),
    "",
    "![Gigabytes a second over shapes, for the engine, the copy and plain JavaScript](performance.svg)",
    "",
    "*The closer a blue line comes to the grey one of its kind, the less there is to gain: the copy reads and writes the same",
    "bytes with v128 loads and stores and computes nothing. Solid: into another tensor; dashed: in place. The axis is",
    "logarithmic and counts x read once and y written once.*",
    "",
    "## The bars",
    "",
    `Speed has targets, as ratios of one run, in f32 unless said. ${reached} of ${judged} that these records can judge are reached.`,
    "",
    ...table(
      ["", "target", "measured", ""],
      ["", "r", "r", ""],
      verdicts.map(({ what, bar, measured, holds }) => [
        what,
        bar,
        measured,
        holds === undefined ? "no record" : holds ? "reached" : "**not reached**",
      ]),
    ),
    "",
    ...hindrances(verdicts),
    "## The engine",
    "",
    "A call's median; *× plain*: times as fast as the plain JavaScript loop; *÷ copy*: times as long as the copy.",
    "",
    ...engines.flatMap((record) => ops.flatMap((op) => engineTable(record, op))),
    "### Single figures",
    "",
    ...lineTable(),
    "",
    ...relaxedPart(),
    ...size(),
    ...peerPart(),
    "## How it is measured",
    "",
    ...method,
    "",
    "## Where the numbers come from",
    "",
    ...table(
      ["record", "processor", "runtime", "date", "commit", "command"],
      ["", "", "", "", "", ""],
      [...engines, ...peers].map((record) => [
        `[${record.file.slice(folder.length + 1)}](../${record.file})`,
        `${record.machine.cpu}, ${record.machine.cores} cores, ${record.machine.platform}`,
        `Node ${record.runtime.node}, V8 ${record.runtime.v8}`,
        record.date.slice(0, 10),
        commitOf(record),
        `\`${record.command}\``,
      ]),
    ),
    "",
    "The machine is one of many on its host, which lends its time, its caches and its memory to others: quartiles of 5 to 20 % of",
    "the median are usual, and single figures stray further. Spreads and the number of samples are in the records.",
    "",
    ...commands,
  ].join("\n");
}

function headline(): string {
  const said = ops.map((op) => {
    const each = engines.map((record) => {
      const ratio = rowOf(record, op, 128, 768, names.engine)?.timesPlain;
      return `${typeof ratio === "number" ? digits(ratio) : "?"} times on Node ${major(record)}`;
    });
    return `${titles[op]} ${each.join(" and ")}`;
  });
  return `On 128×768 f32, the engine is faster than a plain JavaScript loop: ${said.join(", ")}.`;
}

const method = [
  "- Every contestant's answer is compared with the f64 reference first. Who is wrong is named and not timed.",
  "- Contestants take turns, one sample of about 2 ms a round, after an untimed batch that brings operands back into cache. A time",
  "  is the median of the samples. A ratio is the median over the rounds of the ratio of two samples of one round: what else the",
  "  machine does meets both.",
  "- One thread. x is N(0, 1), eps is 1e-5; LayerNorm has weight and bias, RMSNorm a weight.",
  "- The contestants are in [bench/contestants](../bench/contestants), the peers in [bench/peers](../bench/peers), native C in",
  "  [bench/native](../bench/native); what a record holds is in [bench/record](../bench/record/README.md).",
];

const commands = [
  "```sh",
  "npm ci && npm run build",
  "npm run bench -- --json bench/record/node20.json              # two to four minutes; on Linux under taskset -c 1",
  "npm run bench:peers -- --json bench/record/peers-node20.json  # installs the peers on first use, half a gigabyte",
  "npm run bench:relaxed -- --shapes 1x768,128x64,128x768,512x768 --dtype f32,f64,bf16,f16 --json bench/record/relaxed-node24.json  # Node 22 or newer",
  "npm run performance                                           # this page from the records",
  "```",
  "",
];

// ── the bars ──

interface Verdict {
  what: string;
  bar: string;
  measured: string;
  /** undefined: no record says. */
  holds: boolean | undefined;
  /** What stands in the way, if it is not reached. */
  cause?: string;
  /** The same of native C of the same width and algorithm. */
  native?: string;
  /** The same of the arithmetic alone, at the pace that it has in cache. */
  arithmetic?: string;
}

/** A figure, of which shape, and what native C has in its place. */
interface Figure {
  value: number;
  where?: string;
  native?: number;
  arithmetic?: number;
}

function bars(): Verdict[] {
  const list: Verdict[] = [];
  const show = (value: number, unit: string) => (unit === "×" ? `${digits(value)}×` : `${value.toFixed(1)} ${unit}`);
  /** A bar that each record's value has to be at least, or at most. */
  const judge = (
    what: string,
    records: readonly Record[],
    limit: number | ((record: Record) => number),
    side: "≥" | "≤",
    unit: string,
    value: (record: Record) => Figure | undefined,
    cause?: string,
  ) => {
    for (const record of records) {
      const bar = typeof limit === "number" ? limit : limit(record);
      const got = value(record);
      const verdict: Verdict = {
        what: `${what}, Node ${major(record)}`,
        bar: `${side} ${bar}${unit === "×" ? "×" : ` ${unit}`}`,
        measured: "–",
        holds: undefined,
        cause,
      };
      if (got !== undefined && Number.isFinite(got.value)) {
        verdict.measured = show(got.value, unit) + (got.where === undefined ? "" : ` (${got.where})`);
        if (got.native !== undefined) verdict.native = show(got.native, unit);
        if (got.arithmetic !== undefined) verdict.arithmetic = show(got.arithmetic, unit);
        verdict.holds = side === "≥" ? got.value >= bar : got.value <= bar;
      }
      list.push(verdict);
    }
  };
  const field =
    (op: OpName, rows: number, cols: number, name: string, key: "timesPlain" | "overCopy" | "overEngine") =>
    (record: Record): Figure | undefined => {
      const value = rowOf(record, op, rows, cols, name)?.[key];
      return typeof value === "number"
        ? { value, native: name === names.inPlace ? undefined : nativeOf(record, op, rows, cols, key, value) }
        : undefined;
    };
  /** What `key` would be for native C in the engine's place. */
  const nativeOf = (record: Record, op: OpName, rows: number, cols: number, key: string, value: number) => {
    const beside = peers.find((one) => major(one) === major(record));
    const row = beside && rowOf(beside, op, rows, cols, names.native);
    if (key === "overCopy") return row?.overCopy ?? undefined;
    return key === "overEngine" && row?.overEngine ? value / row.overEngine : undefined;
  };
  /** A norm 2048×4096 over the copy, beside what it would be if memory cost nothing: 128×768, in L2, times 85. */
  const beyondCache =
    (op: OpName, name: string, copy: string) =>
    (record: Record): Figure | undefined => {
      const got = field(op, 2048, 4096, name, "overCopy")(record);
      const inCache = rowOf(record, op, 128, 768, name)?.nanoseconds;
      const copied = rowOf(record, op, 2048, 4096, copy)?.nanoseconds;
      if (got === undefined || !inCache || !copied) return got;
      return { ...got, arithmetic: (inCache * 2048 * 4096) / (128 * 768) / copied };
    };
  const line = (start: string) => (record: Record) => {
    const found = record.lines.filter(({ what }) => what.startsWith(start)).sort((a, b) => b.value - a.value)[0];
    return found && { value: found.value };
  };
  /** The least or greatest over shapes, of `value`. */
  const extreme =
    (
      op: OpName,
      side: "least" | "greatest",
      among: (rows: number, cols: number) => boolean,
      value: (record: Record, rows: number, cols: number) => Figure | undefined,
    ) =>
    (record: Record): Figure | undefined =>
      record.results
        .filter((one) => one.op === op && among(one.rows, one.cols))
        .flatMap(({ rows, cols }) => {
          const got = value(record, rows, cols);
          return got === undefined ? [] : [{ ...got, where: `${rows}×${cols}` }];
        })
        .sort((a, b) => (side === "least" ? a.value - b.value : b.value - a.value))[0];
  /** One of the engine's contestants over native C. */
  const overNative = (op: OpName, name: string) => (record: Record, rows: number, cols: number) => {
    const [mine, native] = [name, names.native].map((who) => rowOf(record, op, rows, cols, who)?.overEngine);
    return mine && native ? { value: mine / native } : undefined;
  };

  const width =
    "What vectors of 128 bits can do on this machine is what native C of the same width and algorithm has in the engine's place. The rest is the engine's distance from it.";

  judge(
    "LayerNorm 128×768 resident, times as fast as the plain loop",
    engines,
    (r) => (major(r) === "20" ? 18 : 12),
    "≥",
    "×",
    field("layerNorm", 128, 768, names.engine, "timesPlain"),
  );
  for (const [op, kernel, call] of [
    ["layerNorm", 22, 30],
    ["rmsNorm", 5, 9],
  ] as const) {
    judge(
      `${titles[op]} 128×768, times as fast as onnxruntime-web's kernel`,
      peers,
      kernel,
      "≥",
      "×",
      field(op, 128, 768, names.webKernel, "overEngine"),
      width,
    );
    judge(
      `${titles[op]} 128×768, times as fast as onnxruntime-web's session.run`,
      peers,
      call,
      "≥",
      "×",
      field(op, 128, 768, names.webCall, "overEngine"),
      width,
    );
  }
  for (const [op, limit] of [
    ["layerNorm", 2],
    ["rmsNorm", 1.5],
  ] as const)
    judge(
      `${titles[op]}, times as fast as onnxruntime-node's kernel, least of all shapes up to 128×4096`,
      peers,
      limit,
      "≥",
      "×",
      extreme(
        op,
        "least",
        (rows, cols) => rows * cols <= 128 * 4096,
        (record, rows, cols) => field(op, rows, cols, names.nodeKernel, "overEngine")(record),
      ),
      width,
    );
  for (const op of ops)
    for (const [who, name] of [
      ["resident", names.engine],
      ["its kernel alone", names.kernel],
    ])
      judge(
        `${titles[op]}, ${who}, times as long as native C of the same width and algorithm, greatest of all shapes from 1×768`,
        peers,
        1.05,
        "≤",
        "×",
        extreme(op, "greatest", (rows, cols) => rows * cols >= 768, overNative(op, name)),
        "It is the same algorithm, compiled by gcc and by V8, which checks the stack once a turn of every loop, passes arguments on the stack, and moves values between registers that gcc leaves where they are; short rows show it most. The greatest of seven shapes is also where the host's noise shows most: the tables have the others.",
      );
  for (const [op, limit] of [
    ["rmsNorm", 1.3],
    ["layerNorm", 1.55],
  ] as const) {
    const cause =
      "This machine copies so fast that memory is not the limit: the additions and multiplications of vectors of 128 bits are. What the arithmetic alone would be, at the pace of 128×768, stands beside each figure, and what native C of the same width takes, out of place. (Reading and computing at once, one row's sums beside another's output, was tried: 10 to 60 % slower, for the loads that miss hold up the arithmetic behind them.)";
    judge(
      `${titles[op]} 2048×4096, times as long as the copy`,
      engines,
      limit,
      "≤",
      "×",
      beyondCache(op, names.engine, names.copy),
      cause,
    );
    judge(
      `${titles[op]} 2048×4096 in place, times as long as the copy in place`,
      engines,
      limit,
      "≤",
      "×",
      beyondCache(op, names.inPlace, names.copyInPlace),
      cause,
    );
  }
  judge(
    "public call over the raw export, 1×64 resident, worst of four",
    engines,
    60,
    "≤",
    "ns",
    line("public call over the raw export"),
    "It is what the bindings do: they look at operands and options, and check before anything is written.",
  );
  judge(
    "typed arrays with `out`, LayerNorm 128×768, over resident",
    engines,
    1.6,
    "≤",
    "×",
    line("typed arrays with out over resident"),
    "x is copied into the engine's memory and y out of it: what is above 1 are these two copies.",
  );
  judge(
    "import to first result",
    engines.filter((r) => major(r) === "20"),
    15,
    "≤",
    "ms",
    line("import to first result"),
    "It is of a process of its own: the bindings and the loader are read and linked (of which Node takes 1 ms for an empty module), the text of the f32 kernels is decoded, compiled and run for the first time.",
  );
  const halves =
    "Arithmetic instructions on vectors, as Node 24 compiles the two loops (`node --print-wasm-code`): f32 LayerNorm has 7 for four elements. bf16 has 25: 5 for Σx, which is kept in f64 by contract ([design.md](design.md)), and 12 to widen twice and to narrow once with one rounding. f16 has 40, for WebAssembly has no instruction that widens or narrows it. The prototype, whose Σx was f32 and whose results were sometimes off by one, had 2.9× and 5.5×.";
  judge("bf16 over f32, LayerNorm 128×768", engines, 2, "≤", "×", line("bf16 over f32"), halves);
  judge("f16 over f32, LayerNorm 128×768", engines, 4, "≤", "×", line("f16 over f32"), halves);
  judge(
    "a row that one pass cannot settle (mean 1e4) over one that it can",
    engines,
    2,
    "≤",
    "×",
    line("rows that one pass cannot settle"),
    "Such a row is read three times instead of twice.",
  );
  // 2.5 times 24 ns, of a kernel that took 24/21 of native C's time on the machine it was measured on
  judge(
    "LayerNorm 1×64 resident, call included, over the hand-unrolled prototype (taken to be 24/21 of native C, as where it was measured)",
    peers,
    2.5,
    "≤",
    "×",
    (record) => {
      const over = overNative("layerNorm", names.engine)(record, 1, 64);
      return over && { value: over.value / (24 / 21) };
    },
    "At this size the call is most of the time: the checks of the public call, and eleven arguments of the export.",
  );
  for (const [what, entry] of [
    ["`import { layerNorm, rmsNorm }`, gzipped", 'import { layerNorm, rmsNorm } from "orthonorm"'],
    ["all of the default entry, gzipped", "everything"],
  ]) {
    const kilobytes = sizes().find(({ name }) => name === entry)?.kilobytes;
    list.push({
      what,
      bar: "≤ 30 KB",
      measured: kilobytes === undefined ? "–" : `${kilobytes} KB`,
      holds: kilobytes === undefined ? undefined : Number(kilobytes) <= 30,
      cause: "Two modules of kernels, each op for four element types. A bundler takes only what is imported.",
    });
  }
  return list;
}

/** What stands in the way of the bars that are not reached. */
function hindrances(verdicts: readonly Verdict[]): string[] {
  const causes = new Map<string, string[]>();
  for (const { what, holds, measured, native, arithmetic, cause = "" } of verdicts) {
    if (holds !== false) continue;
    const beside = [native && `native C ${native}`, arithmetic && `arithmetic alone ${arithmetic}`].filter(Boolean);
    const miss = [`${what}: ${measured}`, ...beside].join("; ");
    causes.set(cause, [...(causes.get(cause) ?? []), miss]);
  }
  if (causes.size === 0) return [];
  const items = [...causes].flatMap(([cause, misses]) => [`- ${cause}`, ...misses.map((miss) => `  - ${miss}`)]);
  return ["### What stands in the way", "", ...items, ""];
}

// ── tables ──

function engineTable(record: Record, op: OpName): string[] {
  const tables = record.results.filter((one) => one.op === op && one.dtype === "f32");
  const everyone = [...new Set(tables.flatMap(({ contestants }) => contestants.map(({ name }) => name)))];
  const rows = everyone.map((name) => [name, ...tables.map((one) => time(one, name))]);
  const ratios = (name: string, key: "timesPlain" | "overCopy") =>
    tables.map((one) => {
      const value = one.contestants.find((row) => row.name === name)?.[key];
      return typeof value === "number" ? digits(value) : "–";
    });
  return [
    `### ${titles[op]}, f32, Node ${major(record)}`,
    "",
    ...table(
      ["", ...tables.map(shape)],
      ["", ...tables.map(() => "r")],
      [
        ...rows,
        ["*× plain, resident*", ...ratios(names.engine, "timesPlain")],
        ["*÷ copy, resident*", ...ratios(names.engine, "overCopy")],
        ["*÷ copy, in place*", ...ratios(names.inPlace, "overCopy")],
      ],
    ),
    "",
    ...leftOut(record, tables),
  ];
}

function lineTable(): string[] {
  const everything = [...new Set(engines.flatMap(({ lines }) => lines.map(({ what }) => what)))];
  const cell = (record: Record, what: string) => {
    const found = record.lines.find((one) => one.what === what);
    if (found === undefined) return "–";
    const number = found.unit === "×" ? `${digits(found.value)}×` : `${found.value.toFixed(1)} ${found.unit}`;
    return `${number} <sub>${found.of}</sub>`;
  };
  return table(
    ["", ...engines.map((record) => `Node ${major(record)}`)],
    ["", ...engines.map(() => "r")],
    everything.map((what) => [what, ...engines.map((record) => cell(record, what))]),
  );
}

/** What relaxed SIMD wins, op by op: why there is a second build of some kernels and not of others. */
function relaxedPart(): string[] {
  if (relaxed === undefined) return [];
  const results: { op: OpName; dtype: string; rows: number; cols: number; ratio: number }[] = relaxed.results;
  const shapes = [...new Set(results.map(shape))];
  const kinds = [...new Set(results.map(({ op, dtype }) => `${op} ${dtype}`))];
  return [
    "### Relaxed SIMD",
    "",
    'With relaxed SIMD a product and a sum are rounded once, in one instruction. `createEngine({ variant: "relaxed" })` takes such',
    "kernels where the runtime has it and where they win: layerNorm in f32, f64 and bf16. The table has the time of each",
    "kernel compiled so over its time with simd (`npm run bench:relaxed`). rmsNorm, whose limits are loads and",
    "multiplications, gains nothing that would pay for a second build. The default stays simd, whose bits are the same everywhere.",
    "",
    ...table(
      ["", ...shapes],
      ["", ...shapes.map(() => "r")],
      kinds.map((kind) => [
        kind,
        ...shapes.map((at) => {
          const found = results.find((one) => `${one.op} ${one.dtype}` === kind && shape(one) === at);
          return found === undefined ? "–" : `${digits(found.ratio)}×`;
        }),
      ]),
    ),
    "",
    `Node ${relaxed.runtime.node}, ${relaxed.machine.cpu}, ${relaxed.date.slice(0, 10)}: [relaxed-node24.json](../${folder}/relaxed-node24.json).`,
    "",
  ];
}

function peerPart(): string[] {
  if (peers.length === 0) return [];
  const lines = [
    "## Peers and native code",
    "",
    "Each at its best, on one thread, in the same rounds as the engine. Below each time, how many times as long as the engine's",
    "resident call it is.",
    "",
    "- *onnxruntime, kernel*: one node of the graph, its dispatch by the executor included: the time of a chain of equal nodes less that",
    "  of one node, each the fastest of its sample, over the difference in number. *session.run*: the public call, x a tensor made once, the result a new one.",
    "- *tfjs-wasm*: there is no such op; it is composed of mean, sub, square, rsqrt, mul, add within `tidy`.",
    "- *jax-js*: the formula in `jit`, x and parameters resident; a call ends when its result is ready.",
    "- *native C*: [norm.c](../bench/native/norm.c), the same algorithm with vectors of 128 bits, and of the widest that `-march=native`",
    "  offers (fused multiply-add included), in a process of its own.",
    "",
  ];
  for (const record of peers) {
    const versions = Object.entries(record.peers ?? {}).map(([name, version]) => `${name} ${version}`);
    lines.push(`Node ${major(record)}: ${versions.join(", ")}.`, "");
    for (const op of ops) {
      const tables = record.results.filter((one) => one.op === op);
      const everyone = [...new Set(tables.flatMap(({ contestants }) => contestants.map(({ name }) => name)))].filter(
        (name) => name === names.engine || name === names.kernel || !engineOnly.has(name),
      );
      lines.push(`### ${titles[op]} against others, Node ${major(record)}`, "");
      lines.push(
        ...table(
          ["", ...tables.map(shape)],
          ["", ...tables.map(() => "r")],
          everyone.map((name) => [
            name,
            ...tables.map((one) => {
              const row = one.contestants.find((row) => row.name === name);
              if (row === undefined) return "left out";
              const over =
                name === names.engine || typeof row.overEngine !== "number" ? "" : `<br>${digits(row.overEngine)}×`;
              return duration(row.nanoseconds) + over;
            }),
          ]),
        ),
        "",
        ...leftOut(record, tables),
      );
    }
    for (const { name, reason } of record.absent ?? [])
      lines.push(`Absent on Node ${major(record)}: ${name}: ${reason}.`, "");
  }
  return lines;
}

/** Of the engine's suite, what the comparison with peers does without. */
const engineOnly = new Set([
  "engine, arrays, out given",
  "engine, arrays, new result",
  names.inPlace,
  "best JavaScript",
  names.plain,
  names.copy,
  names.copyInPlace,
]);

function leftOut(record: Record, tables: readonly Table[]): string[] {
  const lines = tables.flatMap((one) => one.leftOut.map(({ name, reason }) => ({ name, reason, at: shape(one) })));
  const reasons = new Map<string, string[]>();
  for (const { name, reason, at } of lines) {
    const key = `${name}: ${reason}`;
    reasons.set(key, [...(reasons.get(key) ?? []), at]);
  }
  const said = [...reasons].map(([key, at]) => `Left out on Node ${major(record)}, ${at.join(", ")}: ${key}.`);
  return said.length === 0 ? [] : [...said, ""];
}

function size(): string[] {
  const found = sizes();
  if (found.length === 0) return [];
  return [
    "### Size",
    "",
    "What a page loads, bundled, minified and gzipped, the kernels among it (`npm run size`):",
    "",
    ...table(
      ["", "KB"],
      ["", "r"],
      found.map(({ name, kilobytes }) => [name.includes("import") ? `\`${name}\`` : name, kilobytes]),
    ),
    "",
  ];
}

let measuredSizes: { name: string; kilobytes: string }[] | undefined;

function sizes(): { name: string; kilobytes: string }[] {
  measuredSizes ??= execFileSync(process.execPath, ["--import", "tsx", "scripts/size.ts"], { encoding: "utf8" })
    .split("\n")
    .flatMap((text) => {
      const [, name, kilobytes] = /^(.*?)\s+([\d.]+) KB gzipped/.exec(text) ?? [];
      return kilobytes === undefined ? [] : [{ name, kilobytes }];
    });
  return measuredSizes;
}

function table(head: readonly string[], align: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(align.map((side) => (side === "r" ? "--:" : "---"))), ...rows.map(line)];
}

const shape = ({ rows, cols }: { rows: number; cols: number }) => `${rows}×${cols}`;
const major = ({ runtime }: Record) => runtime.node.split(".")[0];

function commitOf({ commit }: Record): string {
  if (commit === null) return "–";
  const [hash, ...rest] = commit.split(" ");
  return [hash.slice(0, 7), ...rest].join(" ");
}

function time(one: Table, name: string): string {
  const row = one.contestants.find((row) => row.name === name);
  return row === undefined ? "left out" : duration(row.nanoseconds);
}

function rowOf(record: Record, op: OpName, rows: number, cols: number, name: string): Row | undefined {
  return record.results
    .find((one) => one.op === op && one.dtype === "f32" && one.rows === rows && one.cols === cols)
    ?.contestants.find((row) => row.name === name);
}

// ── the figure ──

interface Point {
  op: string;
  node: string;
  shape: string;
  name: string;
  rate: number;
}

function draw(records: readonly Record[]): string {
  const series = [
    { name: names.copyInPlace, label: "copy, in place", colour: "var(--copy)", dash: "5 3", symbol: "diamond" },
    { name: names.copy, label: "copy", colour: "var(--copy)", dash: undefined, symbol: "square" },
    { name: names.inPlace, label: "engine, in place", colour: "var(--engine)", dash: "5 3", symbol: "diamond" },
    { name: names.engine, label: "engine", colour: "var(--engine)", dash: undefined, symbol: "circle" },
    { name: names.plain, label: "plain JavaScript", colour: "var(--plain)", dash: undefined, symbol: "triangle" },
  ] as const;
  const points: Point[] = records.flatMap((record) =>
    record.results
      .filter(({ dtype }) => dtype === "f32")
      .flatMap((one) =>
        one.contestants.map((row) => ({
          op: titles[one.op as OpName],
          node: `Node ${major(record)}`,
          shape: shape(one),
          name: row.name,
          rate: row.gigabytesPerSecond,
        })),
      ),
  );
  const shapes = [...new Set(points.map((point) => point.shape))];
  const drawn = points.filter(({ name }) => series.some((one) => one.name === name));
  const rates = drawn.map(({ rate }) => rate);
  const domain = [Math.min(1, ...rates) / 1.25, Math.max(...rates) * 1.6];
  const height = 108 + 250 * records.length;
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const last = shapes[shapes.length - 1];
  const spaced = labels(
    drawn.filter(({ shape }) => shape === last),
    Math.log(domain[1] / domain[0]) * (15 / 210),
  );
  const plot = Plot.plot({
    document: document as unknown as Document,
    width: 940,
    height,
    marginLeft: 54,
    marginRight: 130,
    marginTop: 34,
    marginBottom: 74,
    insetRight: 8,
    style: { background: "transparent", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    fx: { axis: null, domain: ops.map((op) => titles[op]), padding: 0.3 },
    fy: { axis: null, padding: 0.16 },
    x: {
      type: "point",
      domain: shapes,
      label: "rows × columns",
      labelAnchor: "center",
      labelOffset: 70,
      tickRotate: -40,
    },
    y: {
      type: "log",
      domain,
      label: "GB/s",
      grid: true,
      ticks: [1, 3, 10, 30, 100],
      tickFormat: (value: number) => String(value),
    },
    marks: [
      Plot.text(
        records.flatMap((record) => ops.map((op) => ({ op: titles[op], node: `Node ${major(record)}` }))),
        {
          fx: "op",
          fy: "node",
          text: ({ op, node }: { op: string; node: string }) => `${op}, ${node}`,
          frameAnchor: "top-left",
          dx: 8,
          dy: 4,
          fontWeight: 600,
        },
      ),
      ...series.map(({ name, colour, dash }) =>
        Plot.line(
          drawn.filter((point) => point.name === name),
          { fx: "op", fy: "node", x: "shape", y: "rate", stroke: colour, strokeWidth: 2, strokeDasharray: dash },
        ),
      ),
      ...series.map(({ name, colour, symbol }) =>
        Plot.dot(
          drawn.filter((point) => point.name === name),
          { fx: "op", fy: "node", x: "shape", y: "rate", fill: colour, symbol, r: 3.5 },
        ),
      ),
      ...series.map(({ name, label, colour }) =>
        Plot.text(
          spaced.filter((point) => point.name === name),
          {
            fx: "op",
            fy: "node",
            x: "shape",
            y: "rate",
            text: () => label,
            fill: colour,
            textAnchor: "start",
            dx: 10,
            clip: false,
          },
        ),
      ),
    ],
  });
  const svg = (plot.tagName.toLowerCase() === "svg" ? plot : plot.querySelector("svg")) as Element;
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("class", "performance");
  const title = "Gigabytes a second over shapes: the engine between the v128 copy and plain JavaScript";
  // Okabe and Ito's colours, the paler of each pair on dark
  const style = `<title>${title}</title><style>
svg.performance { color: #1a1a1a; --engine: #0072b2; --plain: #b84a00; --copy: #6b6b6b; }
@media (prefers-color-scheme: dark) { svg.performance { color: #e6e6e6; --engine: #56b4e9; --plain: #e69f00; --copy: #a0a0a0; } }
</style>`;
  return `${svg.outerHTML.replace(/^(<svg[^>]*>)/, `$1${style}`)}\n`;
}

/** The points with labels that do not overlap: in each panel, at least so far apart on the logarithmic axis. */
function labels(points: readonly Point[], apart: number): Point[] {
  const panels = new Map<string, Point[]>();
  for (const point of points) {
    const key = `${point.op} ${point.node}`;
    panels.set(key, [...(panels.get(key) ?? []), { ...point }]);
  }
  for (const panel of panels.values()) {
    panel.sort((a, b) => a.rate - b.rate);
    for (let i = 1; i < panel.length; i++) {
      const least = Math.log(panel[i - 1].rate) + apart;
      if (Math.log(panel[i].rate) < least) panel[i].rate = Math.exp(least);
    }
  }
  return [...panels.values()].flat();
}

await writeFile(figure, draw(engines));
await writeFile(page, write());
console.log(`written: ${page}, ${figure}`);
