/** The answer in one picture: mean |90° − θ| over chance at every site of every model, with its interval. */
import { range } from "../../text.js";
import type { Group } from "../../types.js";
import { inShort } from "../reasons.js";
import { judgedSites, verdictOf } from "../verdict.js";
import { against, type Depth, depthOf } from "./depth.js";
import { matched, overChance } from "./models.js";
import type { Panel, Series } from "./panel.js";
import { drawPanels } from "./panels.js";
import { byKind, chanceOf, type Drawn, nameOf, perGroup, shifted, tellingOf, titleOf, type Value } from "./series.js";

const symbols = ["circle", "square", "triangle", "diamond"] as const;
const dashes = [undefined, "5 3", "2 3", "8 3 2 3"];

/** All on one axis; of three models and more also each by itself, with the others in grey behind it. */
export function ratios(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = all.filter((group) => tellingOf(group).length > 0);
  if (groups.length === 0) return null;
  const among = { judged: judgedSites({ groups: [...all] }) };
  const { by } = groups.length === 1 ? { by: "name" as const } : matched(groups);
  const depth = by === "name" ? depthOf(groups, width) : shareOfDepth(groups);
  const seriesOf = (group: Group): Series[] => {
    const at = groups.indexOf(group);
    const stretch = by === "name" || group.sites.length < 2 ? 1 : (depth.count - 1) / (group.sites.length - 1);
    // Intervals of two models at one site stand beside each other.
    const aside = depth.count > 40 ? 0 : 0.14 * (at - (groups.length - 1) / 2);
    return byKind(group, judgedValue(among), " of chance").map((series, i) => ({
      ...shifted({ ...series, points: series.points.map((point) => ({ ...point, x: point.x * stretch })) }, aside),
      label: i === 0 && groups.length > 1 ? nameOf(group) : "",
      symbol: symbols[at % symbols.length],
      hollow: at % 2 === 1,
      dash: dashes[at % dashes.length],
      interval: true,
    }));
  };
  const behind = (group: Group) =>
    seriesOf(group).map((series) => ({
      ...series,
      label: "",
      color: "var(--rule)",
      hollow: false,
      points: series.points.map(({ low: _, high: __, ...point }) => point),
    }));
  const longest = groups.reduce((a, b) => (b.sites.length > a.sites.length ? b : a));
  const chance = chanceOf(longest, "chance", () => [1, 1]);
  const title = groups.length === 1 ? titleOf(groups[0]) : groups.length === 2 ? "" : "all models";
  const together: Panel = { title, series: groups.flatMap(seriesOf), chance };
  const alone = groups.map((group) => ({
    title: titleOf(group),
    series: [...groups.filter((other) => other !== group).flatMap(behind), ...seriesOf(group)],
    chance,
  }));
  const found = perGroup(groups, (group) => tellingOf(group).map(overChance), "");
  return {
    id: "ratio",
    title: `How far from orthogonal, in units of chance, ${by === "name" ? against(groups) : "by share of the depth"}`,
    finding: `Mean |90° − θ| is ${found} times that of random directions.`,
    reading:
      "On a logarithmic axis, where 1 is chance: below it states are nearer to orthogonal to the uniform vector than random directions. " +
      `${intervalsRead(groups, among)}${
        groups.length > 2 ? " First all models together, then each by itself with the others in grey." : ""
      }`,
    svg: drawPanels(
      document,
      width,
      depth,
      { label: "mean |90° − θ| over chance (log)", log: true, include: [1], unit: "" },
      groups.length > 2 ? [together, ...alone] : [together],
    ),
  };
}

function judgedValue(among: { judged: number }): Value {
  return (site) => {
    const y = overChance(site);
    if (site.centred || y <= 0) return null;
    const verdict = verdictOf(site, among);
    const { interval } = verdict;
    const also = `${interval === null ? ", no interval" : `, interval ${range([interval.low, interval.high], 2)}`}; verdict: ${inShort(verdict)}`;
    return interval === null ? { y, also } : { y, low: interval.low, high: interval.high, also };
  };
}

function intervalsRead(groups: readonly Group[], among: { judged: number }): string {
  const verdicts = groups.flatMap(tellingOf).map((site) => verdictOf(site, among));
  const without = verdicts.filter(({ interval }) => interval === null).length;
  if (without === verdicts.length) return "No site has rows enough for an interval.";
  const lacking =
    without === 0 ? "" : ` ${without} of ${verdicts.length} sites have none: too few rows, or rows too alike.`;
  return `Whiskers: where the true ratio lies, from how the rows differ and how alike they are; in 19 of 20 reports all of them hold it.${lacking}`;
}

/** The axis of models whose sites have different names: the first site of each is at 0 %, the last at 100 %. */
function shareOfDepth(groups: readonly Group[]): Depth {
  const count = Math.max(2, ...groups.map(({ sites }) => sites.length));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * (count - 1));
  const format = (at: number) => `${Math.round((100 * at) / (count - 1))} %`;
  return { count, label: "share of the depth", ticks, format, named: false };
}
