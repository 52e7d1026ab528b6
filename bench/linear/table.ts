/** Tables as text, at most 100 characters wide. */
import { digits, duration } from "../format.js";
import { isDrifting, isNoisy, mark, spread } from "../noise.js";
import { nameOf } from "./problem.js";
import type { Limit, Row, Table } from "./suite.js";

const widths = { name: 36, time: 10, spread: 9, rate: 9, over: 10, share: 9 };

export const legend = [
  "median: of one call, in processor time. spread: the distance of the quartiles, in % of the median.",
  "~: too noisy to be believed, for a wide spread or for a peak that changed meanwhile.",
  "÷ simd, ÷ relaxed: times as long as orthonorm in f32.",
  "peak: multiplications and additions in registers, with one rounding where relaxed; its share of the time.",
  "reading W: all of W read once and not used; its share of the time of one row.",
  "Ratios are medians over the rounds, of two samples of one round each.",
  "W and bias are in place before. orthonorm writes `out`; the others make a result each time, and let go of it.",
];

export function drawTable(table: Table): string {
  const { contestants, leftOut, limits, noise } = table;
  const drifting = isDrifting(noise);
  const limit = (name: string, { rate, ...times }: Limit) =>
    line(
      `${mark(isNoisy(times) || drifting)} ${name}`,
      duration(times.nanoseconds),
      percent(spread(times)),
      digits(rate),
    );
  return [
    line(nameOf(table), "median", "spread", "GFLOP/s", "÷ simd", "÷ relaxed", "of peak", "of reading W"),
    ...contestants.map((row) =>
      line(
        `${mark(isNoisy(row) || drifting)} ${row.name}`,
        duration(row.nanoseconds),
        percent(spread(row)),
        digits(row.gigaflopsPerSecond),
        ...ratios(row),
      ),
    ),
    ...Object.entries(limits.peak).map(([variant, one]) => limit(`peak, ${variant}`, one)),
    ...(limits.reading ? [limit("reading W, in GB/s", limits.reading)] : []),
    ...leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`),
  ].join("\n");
}

function ratios({ over, ofPeak, ofReading }: Row): string[] {
  const times = [over.simd, over.relaxed].map((one) => (one === undefined ? "" : digits(one)));
  return [...times, ...[ofPeak, ofReading].map((share) => (share === null ? "" : percent(share)))];
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

function line(name: string, time: string, spread: string, rate: string, ...rest: string[]): string {
  const [simd = "", relaxed = "", ofPeak = "", ofReading = ""] = rest;
  return (
    name.padEnd(widths.name) +
    time.padStart(widths.time) +
    spread.padStart(widths.spread) +
    rate.padStart(widths.rate) +
    simd.padStart(widths.over) +
    relaxed.padStart(widths.over + 1) +
    ofPeak.padStart(widths.share) +
    ofReading.padStart(widths.share + 5)
  ).trimEnd();
}
