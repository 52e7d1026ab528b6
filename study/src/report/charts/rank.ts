/** The uniform vector among random directions: which of them the states avoid as much as it. */
import { meanAbsCosine } from "../../measure/null-model.js";
import { range } from "../../text.js";
import type { Group, Sample, Site } from "../../types.js";
import { against } from "./depth.js";
import { byKind, chanceOf, type Drawn, draw, perGroup, sitesOf, titleOf, type Value } from "./series.js";

const judged = (group: Group) => ({
  ...group,
  sites: sitesOf(group).filter(({ sample, centred }) => sample && !centred),
});

export function ranks(all: readonly Group[], document: Document, width: number): Drawn {
  const groups = all.filter((group) => judged(group).sites.length > 0);
  if (groups.length === 0) return null;
  const over = ({ cols }: Site, meanAbsCos: number) => meanAbsCos / meanAbsCosine(cols);
  const rankOf = ({ sample }: Site) => (sample as Sample).uniformRank;
  const value: Value = (site) => {
    if (site.sample === null || site.centred) return null;
    const { meanAbsCos, lower, directions, each } = rankOf(site);
    const of = each.map((one) => over(site, one));
    return {
      y: over(site, meanAbsCos),
      also: `, rank ${lower} of ${directions}; those have ${range(of, 2)}`,
    };
  };
  const panels = groups.map((group) => ({
    title: titleOf(group),
    series: byKind(group, value, " of chance", { label: "uniform", color: "var(--uniform)" }),
    chance: chanceOf(group, "chance", () => [1, 1]),
    ticks: {
      color: "var(--null)",
      part: "chance",
      sites: group.sites.flatMap((site, x) =>
        site.sample === null || site.centred ? [] : [{ x, values: rankOf(site).each.map((one) => over(site, one)) }],
      ),
    },
  }));
  const [directions] = judged(groups[0]).sites.map((site) => rankOf(site).directions);
  const lower = perGroup(groups, (group) => judged(group).sites.map((site) => rankOf(site).lower), "");
  return {
    id: "rank",
    title: `The uniform vector among ${directions} random directions, ${against(groups)}`,
    finding: `Of ${directions} random directions, ${lower} have a smaller mean |cos| to the states than the uniform vector has.`,
    reading:
      "Grey: each of the directions, by its mean |cos| to the same states, over the mean of all random directions (a bar where there is " +
      "no room for lines). They spread the wider, the more alike the states are. Coloured: the uniform vector. " +
      "Below all of the lines the states avoid it more than any of them.",
    svg: draw(
      document,
      width,
      groups,
      { label: "mean |cos| to the states, over chance", log: false, include: [1], unit: "" },
      panels,
    ),
  };
}
