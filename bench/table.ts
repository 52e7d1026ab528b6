/** Tables and figures as text, at most 100 characters wide. */
import type { Figure } from "./figures.js";
import { digits, duration } from "./format.js";
import { isDrifting, isNoisy, mark, spread } from "./noise.js";
import type { Row, Table } from "./suite.js";

const widths = { name: 32, time: 10, spread: 9, rate: 9, plain: 10, copy: 9, baseline: 13 };

export const legend = [
  "median: of one call. spread: the distance of the quartiles, in % of the median.",
  "~: too noisy to be believed, for a wide spread or for a control that changed meanwhile.",
  "GB/s: x read once and results written once, over the median.",
  "× plain: times as fast as plain JavaScript.",
  "÷ copy: times as long as the v128 copy of x; in place, as the copy in place.",
  "÷ baseline: times as long as the earlier build's contestant that does the same. V8 compiles a short",
  "call one way in one process and another way in the next: of those, and where the rounds give more than",
  "3 % of difference, it is the median of several processes.",
  "Ratios are medians over the rounds, of two samples of one round each.",
];

export function drawTable({ op, dtype, rows, cols, contestants, leftOut, noise }: Table): string {
  const head = line(`${op} ${dtype} ${rows}×${cols}`, "median", "spread", "GB/s", "× plain", "÷ copy", "÷ baseline");
  const body = contestants.map((row) =>
    line(
      `${mark(isNoisy(row) || isDrifting(noise))} ${row.name}`,
      duration(row.nanoseconds),
      `${(100 * spread(row)).toFixed(0)} %`,
      digits(row.gigabytesPerSecond),
      ...ratios(row),
    ),
  );
  const out = leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`);
  return [head, ...body, ...out].join("\n");
}

export function drawFigure({ what, value, unit, of, noise }: Figure): string {
  const number = unit === "×" ? digits(value) : value.toFixed(1);
  const noisy = noise.noisy.length > 0 || isDrifting(noise);
  return `${mark(noisy)}${number.padStart(7)} ${unit.padEnd(2)}  ${what}${of === "" ? "" : `\n${" ".repeat(13)}${of}`}`;
}

function line(
  name: string,
  time: string,
  spread: string,
  rate: string,
  plain: string,
  copy: string,
  baseline: string,
): string {
  const text =
    name.padEnd(widths.name) +
    time.padStart(widths.time) +
    spread.padStart(widths.spread) +
    rate.padStart(widths.rate) +
    plain.padStart(widths.plain) +
    copy.padStart(widths.copy) +
    baseline.padStart(widths.baseline);
  return text.trimEnd();
}

const ratios = ({ timesPlain, overCopy, overBaseline }: Row): [string, string, string] => [
  shown(timesPlain),
  shown(overCopy),
  shown(overBaseline),
];

const shown = (ratio: number | null) => (ratio === null ? "" : digits(ratio));
