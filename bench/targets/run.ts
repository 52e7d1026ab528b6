/** `npm run bench:targets`: what is meant to become faster than the baseline, and whether it is. See --help. */
import { writeFile } from "node:fs/promises";
import { baseline, buildBaseline } from "../baseline/build.js";
import { runProcess } from "../baseline/processes.js";
import { provenance } from "../command.js";
import type { Figure } from "../figures.js";
import type { GroupName } from "./comparisons.js";
import { cellsOf, type Line, lineOf } from "./line.js";
import { coldLines, sizeLines } from "./loading.js";
import { type Request, readTargets, type Section } from "./request.js";
import { runThreads, threadLines } from "./threads.js";

const request = readTargets();
if (request !== undefined) await run(request);

async function run({ only, processes, json }: Request): Promise<void> {
  const about = provenance("bench/targets/run.ts");
  if (about.stale)
    console.error("dist/ is older than its sources, and it is dist/ that is timed: npm run build first\n");
  const folder = buildBaseline();
  console.log(`${about.machine.cpu} · Node ${about.runtime.node} · the baseline is ${baseline}\n`);
  console.log(row("", "target", "measured", "from … to"));
  const lines: Line[] = [];
  for (const section of only) {
    const found = await linesOf(section, folder, processes);
    lines.push(...found);
    for (const line of found) console.log(row(...cellsOf(line)));
  }
  if (json === undefined) return;
  await writeFile(json, `${JSON.stringify({ ...about, baseline, lines }, null, 2)}\n`);
  console.log(`\nwritten to ${json}`);
}

async function linesOf(section: Section, folder: string, processes: number): Promise<Line[]> {
  switch (section) {
    case "cold":
      return coldLines(folder, 3 * processes);
    case "sizes":
      return sizeLines();
    case "threads":
      return threadLines(runThreads(processes < 9));
    default:
      return comparisonLines(section, processes);
  }
}

/** A group in several processes, of two seconds each: V8 compiles a small call otherwise in each. */
function comparisonLines(group: GroupName, processes: number): Line[] {
  const script = new URL("group.ts", import.meta.url);
  type Measured = Figure & { limit: number | null };
  const runs = Array.from({ length: processes }, () => runProcess<Measured[]>(script, [group, 2]));
  return runs[0].map(({ what, limit }, i) => {
    const ratios = runs.map((figures) => figures[i].value);
    return lineOf(what, limit, ratios);
  });
}

function row(what: string, target: string, measured: string, of: string, verdict = ""): string {
  return `${what.padEnd(76)}${target.padStart(9)}${measured.padStart(10)}  ${of.padEnd(14)}  ${verdict}`.trimEnd();
}
