/** What the states of a site have in common, the mean of the rows at length 1, and how it stands to the uniform vector. */
import { fixed, range } from "../../text.js";
import type { Group, Site } from "../../types.js";
import { against } from "./depth.js";
import { byKind, chanceOf, compared, type Drawn, draw, perGroup, tellingOf, type Value } from "./series.js";

/** The angle of the common mean vector and its share of a row's squared length; null where there is no such vector. */
function commonOf({ sample, centred, ordinary }: Site): { angle: number; share: number } | null {
  if (sample === null || centred || ordinary.rows < 2) return null;
  const { angle, share } = sample.common;
  return angle === null ? null : { angle, share };
}

export function common(all: readonly Group[], document: Document, width: number): Drawn {
  const found = (group: Group) => tellingOf(group).flatMap((site) => commonOf(site) ?? []);
  const groups = all.filter((group) => found(group).length > 0);
  if (groups.length === 0) return null;
  const value: Value = (site) => {
    const of = commonOf(site);
    if (of === null) return null;
    return { y: of.angle, also: `, with ${fixed(100 * of.share, 1)} % of a state’s squared length` };
  };
  const panels = compared(
    groups,
    (group) => byKind(group, value, "°"),
    (group) => chanceOf(group, "chance", (site) => [90 - site.null.sd, 90 + site.null.sd]),
  );
  const shares = perGroup(groups, (group) => found(group).map(({ share }) => 100 * share), "\u00a0%");
  const angles = perGroup(groups, (group) => found(group).map(({ angle }) => angle), "°", 3);
  const rows = groups
    .flatMap(tellingOf)
    .map(({ sample, ordinary }) => 100 / Math.min(ordinary.rows, sample?.rows ?? 1));
  return {
    id: "common",
    title: `The vector that the states have in common, ${against(groups)}`,
    finding: `The mean of a site’s states, each at length 1, has ${shares} of their squared length, and stands at ${angles} to the uniform vector.`,
    reading: `Independent states would have ${range(rows, 2)} % in common. Grey: one random direction, 90° within a standard deviation.`,
    svg: draw(
      document,
      width,
      groups,
      { label: "angle of the mean to 1, degrees", log: false, include: [90], unit: "°" },
      panels,
    ),
  };
}
