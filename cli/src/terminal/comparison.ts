/** Two models beside each other, as a table for a terminal. */
import { counted, printable } from "@orthonorm/files";
import type { Compared, Side } from "@orthonorm/models";
import { scientific, shorten } from "@orthonorm/study";
import { createColors } from "picocolors";
import type { Look } from "./look.js";

const gap = "   ";

/**
 * A row per figure, then one per norm; a column per model, and one for the first model with RMSNorm alone.
 *
 * @param names of the two models
 */
export function comparisonTable(figures: Compared, names: readonly string[], { width, color }: Look): string {
  const { tokens, a, b, swapped, largest, norms } = figures;
  const sides = [a, b, ...(swapped === null ? [] : [swapped])];
  const row = (title: string, of: (side: Side, column: number) => string) => [title, ...sides.map(of)];
  const rows = [
    row("norm", ({ norm }) => norm),
    row("loss, nats per token", ({ loss }) => loss.toFixed(6)),
    row("  more than A's", ({ loss }, column) => (column === 0 ? "" : signed(loss - a.loss))),
    row("max |Δlogit|", ({ difference }, column) => (column === 0 ? "" : brief(difference))),
    row("same token as A", ({ agreement }, column) => (column === 0 ? "" : `${(100 * agreement).toFixed(2)} %`)),
    ["largest |mean|/RMS before"],
    ...norms.map((norm) => [`  ${printable(norm.name)}`, brief(norm.a), brief(norm.b)]),
  ];
  const head = ["", "A", "B", ...(swapped === null ? [] : ["A, not centered"])];
  const columns = head.map((title, at) => Math.max(title.length, ...rows.map((cells) => (cells[at] ?? "").length)));
  const first = Math.min(
    columns[0],
    Math.max(14, width - columns.slice(1).reduce((sum, one) => sum + one + gap.length, 0)),
  );
  const paint = createColors(color);
  const line = (cells: readonly string[]) =>
    [shorten(cells[0], first).padEnd(first), ...cells.slice(1).map((cell, at) => cell.padStart(columns[at + 1]))]
      .join(gap)
      .trimEnd();
  const title = [
    `A  ${printable(names[0])}`,
    `B  ${printable(names[1])}`,
    `${counted(tokens, "token")}, logits up to ${largest.toPrecision(3)}`,
  ];
  const rule = paint.gray("─".repeat(first + columns.slice(1).reduce((sum, one) => sum + one + gap.length, 0)));
  return [...title, "", paint.bold(line(head)), rule, ...rows.map(line), rule].join("\n");
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${scientific(Math.abs(value))}`;
}

/** Three digits of what is easily read with them, else a power of ten. */
export function brief(value: number): string {
  return value >= 1e-3 && value < 1e4 ? value.toPrecision(3) : scientific(value);
}
