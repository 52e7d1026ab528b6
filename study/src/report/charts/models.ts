/** Two or more models beside each other: mean |90° − θ| over chance, on one axis, and what of it differs at which site. */
import type { Group, Site } from "../../types.js";
import { against, type Depth, depthOf } from "./depth.js";
import { drawPanels, type Panel, type Series } from "./panels.js";
import { byKind, chanceOf, type Drawn, nameOf, perGroup, tellingOf, titleOf } from "./series.js";

export const overChance = ({ ordinary, null: chance }: Site) => ordinary.deviation.mean / chance.deviation;

/** Sites of different models that correspond: one per model, null where it has none. */
export interface Match {
  name: string;
  sites: (Site | null)[];
}

/** By name where all models have at least half of the longest one's names, else by the share of the depth. */
export function matched(groups: readonly Group[]): { by: "name" | "depth"; matches: Match[] } {
  const telling = groups.map(tellingOf);
  const [shortest, longest] = [Math.min, Math.max].map((end) => {
    const length = end(...telling.map((sites) => sites.length));
    return telling.find((sites) => sites.length === length) as Site[];
  });
  const named = telling.map((sites) => new Map(sites.map((site) => [site.site, site])));
  const common = shortest.filter(({ site }) => named.every((of) => of.has(site)));
  if (2 * common.length >= longest.length) {
    const names = [...new Set(telling.flatMap((sites) => sites.map(({ site }) => site)))];
    return { by: "name", matches: names.map((name) => ({ name, sites: named.map((of) => of.get(name) ?? null) })) };
  }
  const matches = shortest.map((_, i) => {
    const share = shortest.length === 1 ? 0.5 : i / (shortest.length - 1);
    return {
      name: `${Math.round(100 * share)} % of the depth`,
      sites: telling.map((sites) => sites[Math.round(share * (sites.length - 1))]),
    };
  });
  return { by: "depth", matches };
}

/** All on one axis; of three models and more also each by itself, with the others in grey behind it. */
export function models(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = all.filter((group) => tellingOf(group).length > 0);
  if (groups.length < 2) return null;
  const { by } = matched(groups);
  const depth = by === "name" ? depthOf(groups, width) : shareOfDepth(groups);
  const symbols = ["circle", "square", "triangle", "diamond"] as const;
  const seriesOf = (group: Group): Series[] => {
    const at = groups.indexOf(group);
    const stretch = by === "name" || group.sites.length < 2 ? 1 : (depth.count - 1) / (group.sites.length - 1);
    const value = (site: Site) => (site.centred || overChance(site) <= 0 ? null : { y: overChance(site) });
    return byKind(group, value, " of chance").map((series, i) => ({
      ...series,
      label: i === 0 ? nameOf(group) : "",
      symbol: symbols[at % symbols.length],
      hollow: at % 2 === 1,
      dash: [undefined, "5 3", "2 3", "8 3 2 3"][at % 4],
      points: series.points.map((point) => ({ ...point, x: point.x * stretch })),
    }));
  };
  const behind = (group: Group) =>
    seriesOf(group).map((series) => ({ ...series, label: "", color: "var(--rule)", hollow: false }));
  const longest = groups.reduce((a, b) => (b.sites.length > a.sites.length ? b : a));
  const chance = chanceOf(longest, "chance", () => [1, 1]);
  const together: Panel = { title: "all models", series: groups.flatMap(seriesOf), chance };
  const apart = groups.map((group) => ({
    title: titleOf(group),
    series: [...groups.filter((other) => other !== group).flatMap(behind), ...seriesOf(group)],
    chance,
  }));
  const ratios = perGroup(groups, (group) => tellingOf(group).map(overChance), "");
  return {
    id: "models",
    title: `The models beside each other, ${by === "name" ? against(groups) : "by share of the depth"}`,
    finding: `Mean |90° − θ| is ${ratios} of that of random directions.`,
    reading: `On a logarithmic axis, where 1 is chance; below it states are nearer to orthogonal to the uniform vector than random ones.${
      groups.length > 2 ? " First all models together, then each by itself with the others in grey." : ""
    }`,
    svg: drawPanels(
      document,
      width,
      depth,
      { label: "mean |90° − θ| over chance (log)", log: true, include: [1], unit: "" },
      groups.length > 2 ? [together, ...apart] : [{ ...together, title: "" }],
    ),
  };
}

/** The axis of models whose sites have different names: the first site of each is at 0 %, the last at 100 %. */
function shareOfDepth(groups: readonly Group[]): Depth {
  const count = Math.max(2, ...groups.map(({ sites }) => sites.length));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * (count - 1));
  const format = (at: number) => `${Math.round((100 * at) / (count - 1))} %`;
  return { count, label: "share of the depth", ticks, format, named: false };
}
