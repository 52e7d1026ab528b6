/** `npm run bench:baseline`: today's build beside an earlier one, in one run. See --help. */
import { writeFile } from "node:fs/promises";
import { check, reference } from "../check.js";
import { dtypes as allDtypes, optionsHelp, provenance, type Request, read, root } from "../command.js";
import { arrays, arraysOut, resident } from "../contestants/index.js";
import { digits, duration } from "../format.js";
import { mark } from "../noise.js";
import { type OpName, opNames, ops } from "../ops.js";
import { type Case, type Environment, makeProblem } from "../problem.js";
import { sizes } from "../size.js";
import { openEnvironment } from "../suite.js";
import { baseline, buildBaseline } from "./build.js";
import { openBaseline } from "./open.js";
import { type Compared, compare, most } from "./processes.js";

const help = `npm run bench:baseline -- [options]

Times dist/ beside the package of commit ${baseline}, which is built from git on first use: the public call on Tensors and on
typed arrays, in turns, and what a page loads. Both are checked to give the same bits first.

Each ratio is the median of several processes, with its least and greatest: V8 compiles a small call one way in one process and
another way in the next, so that even equal builds may differ twofold in a single one.

${optionsHelp}`;

interface Line extends Compared {
  what: string;
}

async function run({ ops: asked, shapes, dtypes, seconds, json }: Request): Promise<void> {
  const about = provenance("bench/baseline/run.ts");
  if (about.stale)
    console.error("dist/ is older than its sources, and it is dist/ that is timed: npm run build first\n");
  const folder = buildBaseline();
  const { environment } = await openBaseline(folder);
  const had = (op: OpName) => op in environment.package;
  for (const op of asked.filter((op) => !had(op))) console.log(`${op}: ${baseline} does not have it`);

  const differing = await differingBits(openEnvironment(), environment);
  console.log(differing.length === 0 ? "same bits\n" : `other bits: ${differing.join("; ")}\n`);
  if (differing.length > 0) process.exitCode = 1;

  console.log(row(" ", "", "today", baseline, "ratio"));
  const results: Line[] = [];
  for (const op of asked.filter(had)) {
    // Tensors, and typed arrays: with `out` where the op has it
    for (const { name } of [resident, ops[op].outputs.includes("y") ? arraysOut : arrays]) {
      for (const dtype of dtypes) {
        for (const shape of shapes) {
          const processes = Math.max(4, 2 * seconds);
          const compared = compare({ op, dtype, ...shape }, name, { processes, seconds: 1 });
          const one = { what: `${op} ${dtype} ${shape.rows}×${shape.cols}, ${name}`, ...compared };
          results.push(one);
          const range = `${digits(Math.min(...one.ratios))} to ${digits(Math.max(...one.ratios))}`;
          console.log(
            row(mark(one.noisy), one.what, duration(one.today), duration(one.baseline), digits(one.ratio), range),
          );
        }
      }
    }
  }
  const [now, then] = await Promise.all([sizes(root), sizes(folder)]);
  const loaded = now.flatMap(({ name, gzipped }) => {
    const earlier = then.find((one) => one.name === name);
    return earlier === undefined ? [] : [{ name, today: gzipped, baseline: earlier.gzipped }];
  });
  for (const { name, today, baseline } of loaded) {
    console.log(row(" ", `${name}, gzipped`, kilobytes(today), kilobytes(baseline), digits(today / baseline)));
  }
  if (results.some(({ noisy }) => noisy)) {
    console.log(
      `\nLines marked ~ are too noisy to be believed: half of the processes' ratios lie more than ${100 * most} % apart. ` +
        "Close what else is running and run it again.",
    );
  }
  if (json !== undefined) {
    const record = { ...about, baseline, differing, results, sizes: loaded };
    await writeFile(json, `${JSON.stringify(record, null, 2)}\n`);
    console.log(`\nwritten to ${json}`);
  }
}

/** The cases in which the two give other bits: every op and element type, at shapes with and without a tail. */
async function differingBits(today: Environment, before: Environment): Promise<string[]> {
  const differing: string[] = [];
  for (const op of opNames.filter((op) => op in before.package)) {
    for (const dtype of allDtypes) {
      for (const shape of [
        { rows: 1, cols: 64 },
        { rows: 5, cols: 67 },
        { rows: 128, cols: 768 },
      ]) {
        const which = { op, dtype, ...shape };
        const [a, b] = [await answerOf(today, which), await answerOf(before, which)];
        if (!a.equals(b)) differing.push(`${op} ${dtype} ${shape.rows}×${shape.cols}`);
      }
    }
  }
  return differing;
}

async function answerOf(environment: Environment, which: Case): Promise<Buffer> {
  const problem = makeProblem(which, environment);
  const prepared = await resident.setup(problem);
  await check(prepared, problem, reference(problem));
  const bytes = Object.values(prepared.answer()).map((one) => Buffer.from(one.buffer, one.byteOffset, one.byteLength));
  const answer = Buffer.concat(bytes);
  problem.dispose();
  return answer;
}

const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;

const row = (sign: string, what: string, today: string, before: string, ratio: string, range = "") =>
  `${sign} ${what.padEnd(54)}${[today, before, ratio].map((cell) => cell.padStart(10)).join("")}  ${range}`.trimEnd();

const request = read("bench:baseline", help, { shapes: "1x64,128x768" });
if (request !== undefined) await run(request);
