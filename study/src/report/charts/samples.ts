/** The figures of the samples: what running both norms and fitting has shown. */
import { decimalsFor, fixed } from "../../text.js";
import type { Group, Sample, Site } from "../../types.js";
import { against } from "./depth.js";
import {
  byKind,
  chanceOf,
  compared,
  type Drawn,
  draw,
  kindsRead,
  perGroup,
  sitesOf,
  tellingOf,
  titleOf,
} from "./series.js";

/** A value of each sampled site. A site that was not sampled has none, nor has one of too few rows for a fit. */
const samplesOf = (group: Group, of: (sample: Sample) => number | null | undefined) =>
  sitesOf(group).flatMap(({ sample }) => (sample && of(sample)) ?? []);

/** The groups that have the value at any site. */
const sampled = (groups: readonly Group[], of: (sample: Sample) => number | null | undefined) =>
  groups.filter((group) => samplesOf(group, of).length > 0);

/** The mean swap error of random directions in per cent: for them 2 sin(|90° − θ|/2) is very nearly |90° − θ| in radians. */
export const chanceSwap = (site: Site) => (site.null.deviation * Math.PI) / 1.8;

export function swaps(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = sampled(all, ({ swap }) => swap.mean);
  if (groups.length === 0) return null;
  const panels = compared(
    groups,
    (group) => [
      ...byKind(group, ({ sample }) => sample && { y: 100 * sample.swap.predicted.mean }, " % by the angle").map(
        (series) => ({ ...series, symbol: "times" as const }),
      ),
      ...byKind(group, ({ sample }) => sample && { y: 100 * sample.swap.mean }, " % measured", { label: "" }).map(
        (series) => ({
          ...series,
          line: false,
          symbol: "circle" as const,
          ring: true,
        }),
      ),
    ],
    (group) => chanceOf(group, "chance", (site) => [chanceSwap(site), chanceSwap(site)]),
  );
  const telling = groups.map((group) => ({ ...group, sites: tellingOf(group) }));
  const largest = Math.max(
    ...telling.flatMap((group) => samplesOf(group, ({ swap }) => Math.abs(swap.mean / swap.predicted.mean - 1) || 0)),
  );
  const marks = against(groups) === "by site" ? "×" : "lines with ×";
  const measured = perGroup(telling, (group) => samplesOf(group, ({ swap }) => 100 * swap.mean), "\u00a0%");
  return {
    id: "swap",
    title: "What RMSNorm in LayerNorm’s place would change",
    finding: Number.isFinite(largest)
      ? `RMSNorm’s output differs from LayerNorm’s by ${measured}; the angle alone predicts it to within ${fixed(100 * largest, decimalsFor([100 * largest], 1))} %.`
      : "RMSNorm gives what LayerNorm gives: these states were centred beforehand.",
    reading: `‖RMSNorm(x) − LN(x)‖/√d, mean over the sample, without weights. Rings: measured by running both norms; ${marks}: 2 sin(|90° − θ|/2), by the angle. Grey: random directions.`,
    svg: draw(
      document,
      width,
      groups,
      { label: "relative difference, per cent", log: false, include: [0], unit: " %" },
      panels,
    ),
  };
}

export function losses(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = sampled(all, ({ lost }) => lost?.uniform);
  if (groups.length === 0) return null;
  const part = (of: (sample: Sample) => number) => (site: Site) => {
    const y = site.sample === null ? 0 : 100 * of(site.sample);
    return y > 0 ? { y } : null;
  };
  const panels = groups.map((group) => ({
    title: titleOf(group),
    series: [
      ...byKind(
        group,
        part(({ lost }) => lost?.norm ?? 0),
        " % in the norm",
        { label: "norm", color: "var(--orthogonal)" },
      ),
      ...byKind(
        group,
        part(({ lost }) => lost?.uniform ?? 0),
        " % in the uniform component",
        { label: "uniform", color: "var(--uniform)" },
      ),
    ],
    chance: null,
  }));
  if (panels.every(({ series }) => series.length === 0)) return null;
  return {
    id: "lost",
    title: "What LayerNorm forgets",
    finding: `Of the states’ variance LayerNorm’s projection forgets ${perGroup(groups, (group) => samplesOf(group, ({ lost }) => lost && 100 * lost.uniform), "\u00a0%")} and its scaling ${perGroup(groups, (group) => samplesOf(group, ({ lost }) => lost && 100 * lost.norm), "\u00a0%")}.`,
    reading: `Variance of the uniform component x·1̂ and of the remaining vector’s norm, as shares of the states’ total variance, on a logarithmic axis. RMSNorm forgets a norm only.${kindsRead(groups)}`,
    svg: draw(
      document,
      width,
      groups,
      { label: "share of the variance, per cent (log)", log: true, include: [], unit: " %" },
      panels,
    ),
  };
}

/** The groups where every site has enough rows for fits. */
function fitted(all: readonly Group[]): Group[] {
  return all.filter(({ sites }) => sites.every(({ sample }) => sample?.recovered));
}

export function recoveries(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = fitted(all);
  if (groups.length === 0) return null;
  const part = (of: (fits: NonNullable<Sample["recovered"]>) => number) => (site: Site) => {
    const fits = site.sample?.recovered ?? null;
    return fits && { y: of(fits) };
  };
  const panels = groups.map((group) => ({
    title: titleOf(group),
    series: [
      ...byKind(
        group,
        part(({ layerNorm }) => layerNorm),
        " recovered after LayerNorm",
        { label: "LayerNorm", color: "var(--layernorm)" },
      ),
      ...byKind(
        group,
        part(({ rmsNorm }) => rmsNorm),
        " recovered after RMSNorm",
        { label: "RMSNorm", color: "var(--rmsnorm)", dash: "1 3" },
      ).map((series) => ({ ...series, symbol: "times" as const })),
      ...byKind(
        group,
        part(({ batchNorm }) => batchNorm),
        " recovered after BatchNorm",
        { label: "BatchNorm", color: "var(--ink)", dash: "6 3" },
      ),
    ],
    chance: null,
  }));
  const batch = Math.min(...groups.flatMap((group) => samplesOf(group, ({ recovered }) => recovered?.batchNorm)));
  const whole = batch > 1 - 1e-9 ? "all of it" : `at least ${(100 * batch).toFixed(3)} %`;
  return {
    id: "recovered",
    title: "What a scale and shift can bring back, in-sample",
    finding: `In-sample, the best scale and shift bring back ${perGroup(groups, (group) => samplesOf(group, ({ recovered }) => recovered && 100 * recovered.layerNorm), "\u00a0%", 3)} of the variance after LayerNorm, and ${whole} after BatchNorm.`,
    reading: `R² of the best α ⊙ y + β per dimension from the standardized y back to x: 1 is the identity. It is in-sample, fitted to the very rows that it is measured on, and so an upper bound for other rows.${kindsRead(groups)}`,
    svg: draw(
      document,
      width,
      groups,
      { label: "R² of the way back, in-sample", log: false, include: [1], unit: "" },
      panels,
    ),
  };
}
