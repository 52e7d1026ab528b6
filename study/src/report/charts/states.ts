/** The figures of the states themselves: their angles, norms and rotations, of all ordinary rows. */
import { range } from "../../text.js";
import type { Group, Population, Site, Spread } from "../../types.js";
import { against, type Run, runsOf } from "./depth.js";
import { drawHistograms } from "./histograms.js";
import type { Series } from "./panel.js";
import { normColor } from "./panels.js";
import {
  byKind,
  chanceOf,
  compared,
  type Drawn,
  draw,
  kindsRead,
  middle,
  perGroup,
  pointsOf,
  quartiles,
  rowsShown,
  shifted,
  sitesOf,
  spreadsRead,
  tellingOf,
  titleOf,
} from "./series.js";

export function angles(groups: readonly Group[], document: Document, width: number): Drawn {
  const oneByOne = rowsShown(groups) !== "none";
  const panels = groups.map((group) => ({
    title: titleOf(group),
    series: byKind(group, ({ ordinary }) => quartiles(ordinary.angle, oneByOne), "°"),
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
    title: `Angle to the uniform vector ${against(groups)}`,
    finding,
    reading: `Median angle before the norm; ${spreadOfAngles(groups)}. Grey: random directions, 90° ± ${chance}° (one standard deviation).`,
    svg: draw(document, width, groups, { label: "angle to 1, degrees", log: false, include: [90], unit: "°" }, panels),
  };
}

/** Fewer than a hundred rows are dots, of more there are quartiles. */
function spreadOfAngles(groups: readonly Group[]): string {
  const shown = rowsShown(groups);
  const dots = "small dots: its rows, where they are fewer than 100";
  if (shown === "all") return "small dots: its rows";
  return `${spreadsRead(groups)}: its quartiles${shown === "some" ? `; ${dots}` : ""}`;
}

/** cos²θ, which is what LayerNorm's projection takes of ‖x‖². */
export function shares(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = all.filter((group) => tellingOf(group).length > 0);
  if (groups.length === 0) return null;
  const percent = ({ ordinary, cols }: Site) => (100 * ordinary.dCos2.mean) / cols;
  const value = (site: Site) => (site.centred || percent(site) <= 0 ? null : { y: percent(site) });
  const positive = groups
    .flatMap(tellingOf)
    .flatMap((site) => [percent(site), 100 / site.cols])
    .filter((size) => size > 0);
  const log = Math.max(...positive) / Math.min(...positive) > 20;
  const panels = compared(
    groups,
    (group) => byKind(group, value, " % of ‖x‖²"),
    (group) => chanceOf(group, "chance", ({ cols }) => [100 / cols, 100 / cols]),
  );
  const shared = perGroup(groups, (group) => tellingOf(group).map(percent), "\u00a0%");
  const times = perGroup(groups, (group) => tellingOf(group).map(({ ordinary }) => ordinary.dCos2.mean), "");
  return {
    id: "share",
    title: `Share of ‖x‖² in the mean, ${against(groups)}`,
    finding: `The mean carries ${shared} of the vectors’ squared norm: ${times} times as much as chance would give.`,
    reading:
      "cos²θ, mean over the vectors: what LayerNorm’s projection takes away and RMSNorm keeps. Grey: random directions, 1/d of it.",
    svg: draw(
      document,
      width,
      groups,
      { label: `share of ‖x‖² in the mean, per cent${log ? " (log)" : ""}`, log, include: log ? [] : [0], unit: " %" },
      panels,
    ),
  };
}

export function norms(groups: readonly Group[], document: Document, width: number): Drawn {
  const panels = groups.map((group) => {
    const runs = runsOf(group);
    const joined = runs.some((run) => run.joined);
    const all: Run = { kind: "", places: runs.flatMap(({ places }) => places), joined };
    all.places.sort((a, b) => a.index - b.index);
    // Where the norm is not known, what is drawn is LayerNorm's.
    const color = normColor(group.norm ?? "LayerNorm");
    const aside = (series: Series, by: number) => (joined ? series : shifted(series, by));
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
      }).map((one) => aside(one, -0.2)),
      { label: "standardized", color, dash: "2 3", symbol: "circle", hollow: true, line: joined, points: standardized },
      ...byKind(group, ({ ordinary }) => ordinary.scaled && quartiles(ordinary.scaled), " after the norm", {
        label: "after",
        color,
      }).map((one) => aside(one, 0.2)),
      aside({ label: "massive", color: "var(--ink)", symbol: "times", line: false, points: massive }, -0.2),
    ];
    return { title: titleOf(group), series, chance: null };
  });
  const unjoined = against(groups) === "by site";
  const massive = groups.flatMap(sitesOf).some((site) => site.massive !== null);
  const scaled = groups.flatMap(sitesOf).some(({ ordinary }) => ordinary.scaled !== null);
  const medians = (of: (population: Population) => Spread | null) => (group: Group) =>
    sitesOf(group).flatMap(({ ordinary }) => {
      const spread = of(ordinary);
      return spread === null ? [] : [middle(spread)];
    });
  return {
    id: "norm",
    title: `Norm before and after ${against(groups)}`,
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
      `Medians on a logarithmic axis; ${spreadsRead(groups)}: quartiles; ${unjoined ? "hollow" : "dotted"}: after standardization` +
      `${scaled ? `; ${unjoined ? "filled in" : "in the norm’s"} colour: after scale and shift` : ""}${massive ? "; ×: median of the massive rows, which are in none of the other marks" : ""}.${kindsRead(groups)}`,
    svg: draw(document, width, groups, { label: "norm of the vector (log)", log: true, include: [], unit: "" }, panels),
  };
}

export function rotations(groups: readonly Group[], document: Document, width: number): Drawn {
  const weighted = groups.flatMap(sitesOf).some(({ ordinary }) => ordinary.rotation.affine !== null);
  const panels = groups.map((group) => {
    const joined = runsOf(group).some((run) => run.joined);
    const aside = (all: Series[], by: number) => (joined ? all : all.map((series) => shifted(series, by)));
    const standardization = byKind(
      group,
      ({ ordinary }) => quartiles(ordinary.rotation.standardization),
      "° by standardization",
      { label: "standardization", color: "var(--uniform)" },
    );
    const affine = byKind(
      group,
      ({ ordinary }) => ordinary.rotation.affine && quartiles(ordinary.rotation.affine),
      "° by weight and bias",
      // Where the norm is not known, what is drawn is LayerNorm's.
      { label: "weight, bias", color: normColor(group.norm ?? "LayerNorm") },
    );
    const both = byKind(
      group,
      ({ ordinary }) => ordinary.rotation.total && { y: middle(ordinary.rotation.total) },
      "° by both",
      { label: "both", color: "var(--ink)", dash: "2 3" },
    );
    const series = [...aside(standardization, -0.2), ...affine, ...aside(both, 0.2)];
    return { title: titleOf(group), series, chance: null };
  });
  const medians = (of: (rotation: Population["rotation"]) => Spread | null) => (group: Group) =>
    sitesOf(group).flatMap(({ ordinary }) => {
      const spread = of(ordinary.rotation);
      return spread === null ? [] : [middle(spread)];
    });
  const standard = perGroup(
    groups,
    medians(({ standardization }) => standardization),
    "°",
  );
  const affine = groups.filter((group) => medians((rotation) => rotation.affine)(group).length > 0);
  return {
    id: "rotation",
    title: `Rotation, split in two, ${against(groups)}`,
    finding: weighted
      ? `Standardization turns the median vector by ${standard}; weight and bias turn it by ${perGroup(
          affine,
          medians((rotation) => rotation.affine),
          "°",
        )}.`
      : `Standardization turns the median vector by ${standard}.`,
    reading: `Under LayerNorm standardization turns a vector by exactly |90° − θ|, under RMSNorm not at all. Medians; ${spreadsRead(groups)}: quartiles.${kindsRead(groups)}`,
    svg: draw(document, width, groups, { label: "rotation, degrees", log: false, include: [0], unit: "°" }, panels),
  };
}

export function histograms(all: readonly Group[], document: Document, width: number): Drawn {
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
    reading: `Share of the vectors by angle before the norm, each site in a panel${svg.every > 1 ? `, every ${ordinal(svg.every)} of the sites (the tables have all)` : ""}. Grey: random directions. Equal areas; ${groups.flatMap(sitesOf).some(({ ordinary }) => ordinary.angle.values !== null) ? "a dot per row where there are fewer than 100; " : ""}beyond the axis lies at most 1 % of a site.`,
    svg: svg.svg,
  };
}

function ordinal(n: number): string {
  const end = n % 100 > 10 && n % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${end}`;
}
