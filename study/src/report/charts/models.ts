/** Which sites of two or more models correspond, so that they can be held beside each other. */
import type { Group, Site } from "../../types.js";
import { tellingOf } from "./series.js";

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
