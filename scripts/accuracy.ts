// Prints the accuracy table of docs/numerics.md: `npm run accuracy`, and with --write puts it there.

import { readFile, writeFile } from "node:fs/promises";
import type { DType } from "../bindings/index.js";
import { accuracy, inversions } from "../test/support/accuracy.js";

const shapes = [
  [5, 768],
  [5, 4096],
  [2, 65536],
] as const;
const dtypes: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const lines: string[] = [];

for (const dtype of dtypes) {
  const half = dtype === "f16" || dtype === "bf16";
  const measure = half ? "values not rounded as promised" : "LayerNorm max |Δy|/max(1, |y|), RMSNorm max |Δy|/|y|";
  lines.push(`### ${dtype}: ${measure}`, "");
  lines.push(`| input | ${shapes.map(([, cols]) => `LayerNorm ${cols} | RMSNorm ${cols}`).join(" | ")} |`);
  lines.push(`|---|${shapes.map(() => "--:|--:|").join("")}`);
  const columns = shapes.map(([rows, cols]) => accuracy(dtype, rows, cols));
  for (const input of new Set(columns[0].map((a) => a.input))) {
    const cells = columns.flatMap((column) =>
      (["layerNorm", "rmsNorm"] as const).map((op) => {
        const errors = column.filter((a) => a.input === input && a.op === op).map((a) => a.error);
        const worst = Math.max(...errors);
        return half || worst === 0 ? String(worst) : worst.toExponential(1);
      }),
    );
    lines.push(`| ${input} | ${cells.join(" | ")} |`);
  }
  lines.push("");
}

const back = dtypes.flatMap((dtype) =>
  (dtype === "f32" || dtype === "f64" ? [768, 4096] : [768]).map((cols) => ({ dtype, cols })),
);
const found = back.map(({ dtype, cols }) => inversions(dtype, 5, cols));
const heads = back.map(({ dtype, cols }) => `${dtype} ${cols}`).join(" | ");
const names = [...new Set(found.flat().map(({ input }) => input))];
for (const measure of ["error", "roundTrip"] as const) {
  lines.push(
    measure === "error"
      ? "### invertLayerNorm: values not rounded as promised; f64 max |Δx|/max(|x|, |x − mean|)"
      : "### invertLayerNorm after layerNorm: max |Δx|/max(|x|, RMS)",
    "",
    `| input | ${heads} |`,
    `|---|${back.map(() => "--:|").join("")}`,
  );
  for (const input of names) {
    const cells = found.map((column) => {
      const own = column.filter((one) => one.input === input);
      if (own.length === 0) return "–";
      const worst = Math.max(...own.map((one) => (measure === "roundTrip" && one.lost ? 0 : one[measure])));
      const exponential = worst === 0 || Number.isInteger(worst) ? String(worst) : worst.toExponential(1);
      return measure === "roundTrip" && own.some(({ lost }) => lost) ? `${exponential} *` : exponential;
    });
    lines.push(`| ${input} | ${cells.join(" | ")} |`);
  }
  lines.push("");
}
lines.push(
  "\\* with eps 1e-5. At eps 0 the rstd of such a row is beyond its element type, and its mean is all that comes back.",
  "",
);

const table = lines.join("\n");
console.log(table);
if (process.argv.includes("--write")) {
  const file = "docs/numerics.md";
  const page = await readFile(file, "utf8");
  const [start, end] = ["<!-- accuracy -->\n", "<!-- /accuracy -->"].map((mark) => page.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`${file}: expected the marks of the accuracy table`);
  await writeFile(file, `${page.slice(0, start)}<!-- accuracy -->\n\n${table}\n${page.slice(end)}`);
}
