/**
 * The figures of a report, as SVG. Pure functions of the report and a document: Node's (linkedom) and a page's alike.
 *
 * Colours are the variables of theme.css, so that light and dark switch inside the figure too.
 */
import { listed, printable } from "@orthonorm/files";
import { decimalsFor, fixed, range, shorten } from "../../text.js";
import type { Group, Population, Report, Sample, Site, Spread } from "../../types.js";
import { depthOf, type Run, runsOf } from "./depth.js";
import { drawHistograms } from "./histograms.js";
import { type Axis, type Chance, drawPanels, normColor, type Panel, type Point, type Series } from "./panels.js";

export interface Figure {
  id: string;
  title: string;
  /** What it shows, in a first sentence; then how to read it. */
  caption: string;
  svg: SVGSVGElement;
}

/** @param width in pixels: under 500 the panels are stacked, and labels fit a phone */
export function figuresOf(report: Report, document: Document, width = 760): Figure[] {
  const groups = report.groups.filter(({ sites }) => sites.some(({ ordinary }) => ordinary.rows > 0));
  if (groups.length === 0) return [];
  const drawings = [angles, shares, norms, rotations, swaps, histograms, losses, recoveries];
  return drawings.flatMap((draw) => {
    const drawn = draw(groups, document, width);
    if (drawn === null) return [];
    drawn.svg.setAttribute("role", "img");
    drawn.svg.setAttribute("aria-label", `${drawn.title}. ${drawn.finding}`);
    const { id, title, finding, reading, svg } = drawn;
    return [{ id, title, caption: `${finding} ${reading}`, svg }];
  });
}

type Drawn = { id: string; title: string; finding: string; reading: string; svg: SVGSVGElement } | null;

export const nameOf = ({ label }: Group) => shorten(printable(label), 36);

const titleOf = (group: Group) => (group.norm === null ? nameOf(group) : `${nameOf(group)} · ${group.norm}`);

const symbols = ["circle", "square", "triangle", "diamond"] as const;
const glyphs = ["●", "□", "△", "◇"];

const sitesOf = (group: Group) => group.sites.filter(({ ordinary }) => ordinary.rows > 0);
const tellingOf = (group: Group) => sitesOf(group).filter(({ centred }) => !centred);

/** A point a site, for the sites of a run that have the figure. */
function pointsOf(run: Run, value: (site: Site) => Omit<Point, "x" | "title"> | null, unit: string): Point[] {
  return run.places.flatMap(({ site, index }) => {
    const found = value(site);
    if (found === null) return [];
    const { y, low, high } = found;
    const decimals = decimalsFor([y], 4);
    const band =
      low === undefined || high === undefined ? "" : `, quartiles ${fixed(low, decimals)} to ${fixed(high, decimals)}`;
    return [{ x: index, ...found, title: `${shorten(printable(site.site), 60)}\n${fixed(y, decimals)}${unit}${band}` }];
  });
}

const quartiles = ({ median, q1, q3 }: Spread) => ({ y: median, low: q1, high: q3 });

/** One series a kind of norm, in the group's colour; the first kind filled, the others hollow. */
function byKind(
  group: Group,
  value: (site: Site) => Omit<Point, "x" | "title"> | null,
  unit: string,
  { label, color = normColor(group.norm), dash }: { label?: string; color?: string; dash?: string } = {},
): Series[] {
  const runs = runsOf(group);
  const kinds = [...new Set(runs.map(({ kind }) => kind).filter((kind) => kind !== ""))];
  return runs
    .map((run, i) => {
      const kind = Math.max(0, kinds.indexOf(run.kind));
      const text = label === undefined ? run.kind : i === 0 ? label : "";
      return {
        label: text,
        color,
        dash: dash ?? (kind % 2 === 1 ? "5 3" : undefined),
        symbol: symbols[kind],
        hollow: kind > 0,
        line: run.places.length > 1,
        points: pointsOf(run, value, unit),
      };
    })
    .filter(({ points }) => points.length > 0);
}

/** Which symbol is which kind of norm, where the labels say something else. */
function kindsRead(groups: readonly Group[]): string {
  const kinds = [...new Set(groups.flatMap(runsOf).flatMap(({ kind }) => kind || []))];
  if (kinds.length < 2 || kinds.length > symbols.length) return "";
  return ` Marks: ${kinds.map((kind, i) => `${glyphs[i]}\u00a0${kind}`).join(", ")}.`;
}

function chanceOf(group: Group, label: string, at: (site: Site) => readonly [number, number]): Chance {
  return {
    label,
    points: group.sites.map((site, x) => {
      const [low, high] = at(site);
      return { x, low, high };
    }),
  };
}

/** "ln 0.21–0.46, rms 0.94–1.30", with one number of decimals. */
function perGroup(
  groups: readonly Group[],
  valuesOf: (group: Group) => number[],
  unit: string,
  significant = 2,
): string {
  const decimals = decimalsFor(groups.flatMap(valuesOf), significant, 0, 4);
  const parts = groups
    .map((group) => ({ group, values: valuesOf(group) }))
    .filter(({ values }) => values.length > 0)
    .map(({ group, values }) => `${range(values, decimals)}${unit}${groups.length > 1 ? ` (${nameOf(group)})` : ""}`);
  if (parts.length > 4) return listed(parts, 3);
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

/** Few models with different norms fit in one panel, where they compare best; others have a panel each. */
function compared(
  groups: readonly Group[],
  seriesOf: (group: Group) => Series[],
  chance: (group: Group) => Chance,
): Panel[] {
  const shared = groups.length === 2 && groups[0].norm !== groups[1].norm;
  const one = shared && JSON.stringify(chance(groups[0])) === JSON.stringify(chance(groups[1]));
  if (!one) return groups.map((group) => ({ title: titleOf(group), series: seriesOf(group), chance: chance(group) }));
  const series = groups.flatMap((group) =>
    seriesOf(group).map((of, i) => ({
      ...of,
      label: i > 0 && of.label === "" ? "" : shorten(`${nameOf(group)} ${of.label}`.trim(), 22),
    })),
  );
  return [{ title: groups.map(titleOf).join("  and  "), series, chance: chance(groups[0]) }];
}

function draw(document: Document, width: number, groups: readonly Group[], axis: Axis, panels: readonly Panel[]) {
  return drawPanels(
    document,
    width,
    depthOf(groups, width / (panels.length === 2 && width >= 600 ? 2 : 1)),
    axis,
    panels,
  );
}

function angles(groups: readonly Group[], document: Document, width: number): Drawn {
  const panels = groups.map((group) => ({
    title: titleOf(group),
    series: byKind(group, ({ ordinary }) => quartiles(ordinary.angle), "°"),
    chance: chanceOf(group, "chance", (site) => [90 - site.null.sd, 90 + site.null.sd]),
  }));
  const farthest = (group: Group) => {
    const sizes = tellingOf(group).map(({ ordinary }) => Math.abs(90 - ordinary.angle.median));
    return sizes.length === 0 ? [] : [Math.max(...sizes)];
  };
  const centred = groups.every((group) => tellingOf(group).length === 0);
  const finding = centred
    ? "Every angle is 90° by construction: these states were centred beforehand."
    : `At every site the median state lies within ${perGroup(groups, farthest, "°")} of orthogonal to the uniform vector.`;
  const chance = range(
    groups.flatMap(sitesOf).map((site) => site.null.sd),
    2,
  );
  return {
    id: "angle",
    title: "Angle to the uniform vector against depth",
    finding,
    reading: `Line: median angle before the norm; bar or band: its quartiles. Grey: random directions, 90° ± ${chance}° (one standard deviation).`,
    svg: draw(
      document,
      width,
      groups,
      { label: "angle to 1, degrees", log: false, include: [90], format: degreesOf },
      panels,
    ),
  };
}

const degreesOf = (value: number) => `${value}°`;

function shares(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = all.filter((group) => tellingOf(group).length > 0);
  if (groups.length === 0) return null;
  const value = ({ ordinary, centred }: Site) =>
    centred || ordinary.dCos2.mean <= 0 ? null : { y: ordinary.dCos2.mean };
  const values = groups.flatMap(tellingOf).map(({ ordinary }) => ordinary.dCos2.mean);
  const positive = values.filter((size) => size > 0);
  const log = positive.length > 0 && Math.max(1, ...positive) / Math.min(1, ...positive) > 20;
  const panels = compared(
    groups,
    (group) => byKind(group, value, ", where chance gives 1"),
    (group) => chanceOf(group, "chance", () => [1, 1]),
  );
  return {
    id: "share",
    title: "The uniform component against depth",
    finding: `The states carry ${perGroup(groups, (group) => tellingOf(group).map(({ ordinary }) => ordinary.dCos2.mean), "")} of the uniform component that chance would give.`,
    reading: "Mean of d·cos²θ over the vectors: 1 is what random directions have on average, 0 is none.",
    svg: draw(
      document,
      width,
      groups,
      { label: `mean d·cos²θ, chance = 1${log ? " (log)" : ""}`, log, include: log ? [1] : [0, 1] },
      panels,
    ),
  };
}

function norms(groups: readonly Group[], document: Document, width: number): Drawn {
  const panels = groups.map((group) => {
    const all: Run = { kind: "", places: runsOf(group).flatMap(({ places }) => places) };
    all.places.sort((a, b) => a.index - b.index);
    const color = normColor(group.norm);
    const massive = pointsOf(
      all,
      ({ massive }) => (massive === null ? null : { y: massive.norm.median }),
      ", massive rows’ median",
    );
    const standardized = pointsOf(
      all,
      ({ ordinary }) => ({ y: ordinary.standardized.median }),
      " after standardization",
    );
    const series: Series[] = [
      ...byKind(group, ({ ordinary }) => quartiles(ordinary.norm), " before the norm", {
        label: "before",
        color: "var(--ink)",
      }),
      { label: "standardized", color, dash: "2 3", symbol: "circle", line: true, points: standardized },
      ...byKind(group, ({ ordinary }) => ordinary.scaled && quartiles(ordinary.scaled), " after the norm", {
        label: "after",
        color,
      }),
      { label: "massive", color: "var(--ink)", symbol: "times", line: false, points: massive },
    ];
    return { title: titleOf(group), series, chance: null };
  });
  const massive = groups.flatMap(sitesOf).some((site) => site.massive !== null);
  const scaled = groups.flatMap(sitesOf).some(({ ordinary }) => ordinary.scaled !== null);
  const medians = (of: (population: Population) => Spread | null) => (group: Group) =>
    sitesOf(group).flatMap(({ ordinary }) => of(ordinary)?.median ?? []);
  return {
    id: "norm",
    title: "Norm before and after against depth",
    finding: `Vectors of median norm ${perGroup(
      groups,
      medians(({ norm }) => norm),
      "",
      3,
    )} come out of standardization with √d, ${perGroup(
      groups,
      medians(({ standardized }) => standardized),
      "",
      3,
    )}.`,
    reading:
      "Medians on a logarithmic axis, bars or bands: quartiles; dotted: after standardization" +
      `${scaled ? "; in the norm’s colour: after scale and shift" : ""}${massive ? "; ×: median of the massive rows, which are set apart" : ""}.${kindsRead(groups)}`,
    svg: draw(document, width, groups, { label: "norm of the vector (log)", log: true, include: [] }, panels),
  };
}

function rotations(groups: readonly Group[], document: Document, width: number): Drawn {
  const weighted = groups.flatMap(sitesOf).some(({ ordinary }) => ordinary.rotation.affine !== null);
  const panels = groups.map((group) => ({
    title: titleOf(group),
    series: [
      ...byKind(group, ({ ordinary }) => quartiles(ordinary.rotation.standardization), "° by standardization", {
        label: "standardization",
        color: "var(--uniform)",
      }),
      ...byKind(
        group,
        ({ ordinary }) => ordinary.rotation.affine && quartiles(ordinary.rotation.affine),
        "° by weight and bias",
        {
          label: "weight, bias",
          color: normColor(group.norm),
        },
      ),
      ...byKind(
        group,
        ({ ordinary }) => ordinary.rotation.total && { y: ordinary.rotation.total.median },
        "° by both",
        {
          label: "both",
          color: "var(--ink)",
          dash: "2 3",
        },
      ),
    ],
    chance: null,
  }));
  const medians = (of: (rotation: Population["rotation"]) => Spread | null) => (group: Group) =>
    sitesOf(group).flatMap(({ ordinary }) => of(ordinary.rotation)?.median ?? []);
  const standard = perGroup(
    groups,
    medians(({ standardization }) => standardization),
    "°",
  );
  const affine = groups.filter((group) => medians((rotation) => rotation.affine)(group).length > 0);
  return {
    id: "rotation",
    title: "Rotation, split in two, against depth",
    finding: weighted
      ? `Standardization turns the median vector by ${standard}; weight and bias turn it by ${perGroup(
          affine,
          medians((rotation) => rotation.affine),
          "°",
        )}.`
      : `Standardization turns the median vector by ${standard}.`,
    reading: `Under LayerNorm standardization turns a vector by exactly |90° − θ|, under RMSNorm not at all. Lines: medians; bars or bands: quartiles.${kindsRead(groups)}`,
    svg: draw(
      document,
      width,
      groups,
      { label: "rotation, degrees", log: false, include: [0], format: degreesOf },
      panels,
    ),
  };
}

/** A figure of the samples; none of a site that was not sampled, or of a fit that so few rows do not allow. */
const samplesOf = (group: Group, of: (sample: Sample) => number | null | undefined) =>
  sitesOf(group).flatMap(({ sample }) => (sample && of(sample)) ?? []);

/** The groups that have the figure at any site. */
const sampled = (groups: readonly Group[], of: (sample: Sample) => number | null | undefined) =>
  groups.filter((group) => samplesOf(group, of).length > 0);

/** In per cent. Of a random direction, 2 sin(|90° − θ|/2) is very nearly |90° − θ| in radians. */
export const chanceSwap = (site: Site) => (site.null.deviation * Math.PI) / 1.8;

function swaps(all: readonly Group[], document: Document, width: number): Drawn {
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
  const apart = Math.max(
    ...telling.flatMap((group) => samplesOf(group, ({ swap }) => Math.abs(swap.mean / swap.predicted.mean - 1) || 0)),
  );
  const measured = perGroup(telling, (group) => samplesOf(group, ({ swap }) => 100 * swap.mean), "\u00a0%");
  return {
    id: "swap",
    title: "What RMSNorm in LayerNorm’s place would change",
    finding: Number.isFinite(apart)
      ? `RMSNorm’s output differs from LayerNorm’s by ${measured}; the angle alone predicts it to within ${fixed(100 * apart, decimalsFor([100 * apart], 1))} %.`
      : "RMSNorm gives what LayerNorm gives: these states were centred beforehand.",
    reading:
      "‖RMSNorm(x) − LN(x)‖/√d, mean over the sample, without weights. Rings: measured by running both norms; lines with ×: 2 sin(|90° − θ|/2), by the angle. Grey: random directions.",
    svg: draw(
      document,
      width,
      groups,
      { label: "relative difference, per cent", log: false, include: [0], format: (value) => `${value} %` },
      panels,
    ),
  };
}

function histograms(all: readonly Group[], document: Document, width: number): Drawn {
  // The angles of centred states are a spike at 90° that says nothing.
  const groups = all.filter((group) => tellingOf(group).length > 0);
  const svg = drawHistograms(document, width, groups);
  if (svg === null) return null;
  const inside = (group: Group) =>
    sitesOf(group).flatMap(({ ordinary: { angle }, null: { sd } }) =>
      angle.histogram === null ? [] : [angle.sd / sd],
    );
  const widths = perGroup(groups, inside, "");
  return {
    id: "histograms",
    title: "Histograms of the angle to the uniform vector",
    finding: `The angles spread over the vectors ${widths} times as widely as those of random directions (standard deviations).`,
    reading: `Share of the vectors per degree before the norm, each site in a panel${svg.every > 1 ? `, every ${ordinal(svg.every)} of the sites (the tables have all)` : ""}. Grey: random directions. Equal areas; beyond the axis lies at most 1 % of a site.`,
    svg: svg.svg,
  };
}

function ordinal(n: number): string {
  const end = n % 100 > 10 && n % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${end}`;
}

function losses(all: readonly Group[], document: Document, width: number): Drawn {
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
      { label: "share of the variance, per cent (log)", log: true, include: [], format: percents },
      panels,
    ),
  };
}

const percents = (value: number) => `${value < 1e-4 ? value.toExponential(0) : value} %`;

/** The groups of which every site has enough rows for fits. */
function fitted(all: readonly Group[]): Group[] {
  return all.filter(({ sites }) => sites.every(({ sample }) => sample?.recovered));
}

function recoveries(all: readonly Group[], document: Document, width: number): Drawn {
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
    title: "What a scale and shift can bring back",
    finding: `The best scale and shift bring back ${perGroup(groups, (group) => samplesOf(group, ({ recovered }) => recovered && 100 * recovered.layerNorm), "\u00a0%", 3)} of the variance after LayerNorm, and ${whole} after BatchNorm.`,
    reading: `R² of the best α ⊙ y + β per dimension from the standardized y back to x: 1 is the identity.${kindsRead(groups)}`,
    svg: draw(document, width, groups, { label: "R² of the way back", log: false, include: [1] }, panels),
  };
}
