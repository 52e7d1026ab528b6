/** Tables and lines as text, at most 100 characters wide. */
import { digits, duration, type Line } from "./lines.js";
import type { Row, Table } from "./suite.js";

const widths = { name: 32, time: 10, spread: 9, rate: 9, plain: 11, copy: 11 };

export const legend = [
  "median: of one call. spread: half the distance of the quartiles, in % of the median.",
  "GB/s: x read once and y written once, over the median. × plain: times as fast as plain JavaScript.",
  "÷ copy: times as long as the v128 copy of the same bytes; in place, as the copy in place.",
  "Ratios are medians over the rounds, of two samples of one round each.",
];

export function drawTable({ op, dtype, rows, cols, contestants, leftOut }: Table): string {
  const head = line(`${op} ${dtype} ${rows}×${cols}`, "median", "spread", "GB/s", "× plain", "÷ copy");
  const body = contestants.map((row) =>
    line(`  ${row.name}`, duration(row.nanoseconds), spread(row), digits(row.gigabytesPerSecond), ...ratios(row)),
  );
  const out = leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`);
  return [head, ...body, ...out].join("\n");
}

export function drawLine({ what, value, unit, of }: Line): string {
  const number = unit === "×" ? digits(value) : value.toFixed(1);
  return `${number.padStart(8)} ${unit.padEnd(2)}  ${what}${of === "" ? "" : `\n${" ".repeat(13)}${of}`}`;
}

function line(name: string, time: string, spread: string, rate: string, plain: string, copy: string): string {
  return (
    name.padEnd(widths.name) +
    time.padStart(widths.time) +
    spread.padStart(widths.spread) +
    rate.padStart(widths.rate) +
    plain.padStart(widths.plain) +
    copy.padStart(widths.copy)
  );
}

const spread = ({ nanoseconds, lowerQuartile, upperQuartile }: Row) =>
  `${((50 * (upperQuartile - lowerQuartile)) / nanoseconds).toFixed(0)} %`;

const ratios = ({ timesPlain, overCopy }: Row): [string, string] => [
  timesPlain === null ? "" : digits(timesPlain),
  overCopy === null ? "" : digits(overCopy),
];
