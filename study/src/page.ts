/** The study as a person reads it in a terminal: the table, the finding under it, how to read it, the speed. */
import { createColors } from "picocolors";
import { finding, notes } from "./finding.js";
import type { Look } from "./look.js";
import type { Site } from "./measure.js";
import { chanceSd } from "./null-model.js";
import type { Speed } from "./speed.js";
import type { Study } from "./study.js";
import { drawTable } from "./table.js";
import { decimalsFor, fixed, scientific, wrap } from "./text.js";

/** The whole output of a study, ending in a newline. */
export function render(study: Study, look: Look): string {
  const paint = createColors(look.color);
  const paragraph = (text: string) => wrap(text, look.width, "  ");
  const sites = study.groups.flatMap((group) => group.sites);
  const title = paint.bold("The geometry of LayerNorm and RMSNorm");
  const facts = paint.gray(`  ·  engine ${study.variant}, eps ${shortEps(study.eps)}`);
  const parts = [
    title + facts,
    drawTable(study.groups, sites, look),
    paint.bold(wrap(finding(study), look.width)),
    ...notes(study).map(paragraph),
    paint.gray(key(sites).map(paragraph).join("\n")),
  ];
  if (study.speed !== null) parts.push(paragraph(speedLine(study.speed, study.variant)));
  return `${parts.join("\n\n")}\n`;
}

/** How to read the columns: which null, which difference, which error. */
function key(sites: readonly Site[]): string[] {
  const cols = [...new Set(sites.map((site) => site.cols))].sort((a, b) => a - b);
  const at = cols.slice(0, 3).map((d) => `${chanceSd(d).toFixed(2)}° at d = ${d}`);
  const partly = sites.some(({ error, rows, excluded }) => error.rows < rows - excluded.zero - excluded.notFinite);
  const sampled = partly ? ", of large sites in evenly spaced rows" : "";
  return [
    "θ is the angle between a state and the uniform vector 1 = [1, …, 1].",
    `chance: random directions of the same d. Their angle is 90° with sd 57.3°/√d (${at.join(", ")}), their mean |90°−θ| 0.80 of that sd, their mean d·cos²θ 1.`,
    "LN−RMS: ‖RMSNorm(x) − LN(x)‖/√d in per cent, mean; both norms by the engine, without weights.",
    `engine error: largest |Δ|/max(1, |y|) of both norms against an f64 reference${sampled}.`,
  ];
}

function speedLine({ rows, cols, microseconds, difference }: Speed, variant: string): string {
  const what = `LayerNorm of ${rows} × ${cols} f32, resident tensors`;
  if (microseconds === null) {
    return `Speed: not measured, since engine and plain JavaScript differ by ${scientific(difference)} on ${what}.`;
  }
  const { engine, javascript } = microseconds;
  return (
    `Speed: ${what}, equal within 1e-5: engine (${variant}) ${significant(engine)} µs, ` +
    `plain JavaScript ${significant(javascript)} µs, ${significant(javascript / engine)} times as long.`
  );
}

function significant(value: number): string {
  return fixed(value, decimalsFor([value], 3));
}

function shortEps(eps: number): string {
  return eps === 0 || (eps >= 1e-3 && eps < 1e3) ? String(eps) : eps.toExponential();
}
