/** Models whose states stand in the figures: measured in this page, or given. Angles are in degrees. */
import { printable } from "@orthonorm/files";
import type { Group, Norm, Report } from "@orthonorm/study";
// `npm run encoders` writes it, with docs/where-it-holds.md
import measured from "./encoders.json" with { type: "json" };

/** The states that enter one norm. */
export interface States {
  name: string;
  d: number;
  rows: number;
  /** θ: mean and standard deviation over the rows. */
  angle: { mean: number; sd: number };
  /** Mean |90° − θ|, and the same of random directions in as many dimensions. */
  tilt: number;
  chance: number;
  /** ‖RMSNorm(x) − LayerNorm(x)‖/√d, mean. */
  apart: number;
}

export interface Model {
  name: string;
  trainedWith: Norm | null;
  /** Where its figures are from: the page's own samples, the reader's files, or a measurement that is written down. */
  from: "sample" | "reader" | "given";
  /** Empty while they are being measured. */
  states: readonly States[];
}

export const overChance = ({ tilt, chance }: States) => tilt / chance;

/** The models of a report, without states of which no row counts. */
export function modelsOf(report: Report, from: Model["from"], name: (group: Group) => string): Model[] {
  return report.groups
    .map((group) => ({
      name: printable(name(group)),
      trainedWith: group.norm,
      from,
      states: group.sites
        .filter(({ ordinary }) => ordinary.rows > 0)
        .map(({ site, cols, ordinary, null: chance }) => ({
          name: printable(site),
          d: cols,
          rows: ordinary.rows,
          angle: { mean: ordinary.angle.mean, sd: ordinary.angle.sd },
          tilt: ordinary.deviation.mean,
          chance: chance.deviation,
          apart: ordinary.swapPredicted.mean,
        })),
    }))
    .filter(({ states }) => states.length > 0);
}

/** The encoders: what they were fed, and how they were measured, is on docs/where-it-holds.md. */
export const given: readonly Model[] = measured.encoders.map(({ name, trainedWith, norms }) => ({
  name,
  trainedWith: trainedWith as Norm,
  from: "given",
  states: norms.map(({ name: norm, rows, cols, angle, tilt, chance, swap }) => ({
    name: `norm ${norm}`,
    d: cols,
    rows,
    angle,
    tilt,
    chance,
    apart: swap,
  })),
}));

const versions = (of: object) =>
  Object.entries(of)
    .map((pair) => pair.join(" "))
    .join(" and ");

/** Where the given figures are from. */
export const source = { date: measured.date, models: versions(measured.models), runtime: versions(measured.runtime) };
