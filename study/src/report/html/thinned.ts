/** A report of at most so many sites, for what draws or lists each of them. */
import { counted } from "@orthonorm/files";
import type { Report } from "../../types.js";

/**
 * Leaves out sites between others, so that each model keeps its first and its last. Models of few sites keep all of theirs.
 *
 * @returns the report, and a sentence that says what is left out; null where nothing is
 */
export function thinned(report: Report, most: number): { report: Report; note: string | null } {
  const { groups } = report;
  const total = groups.reduce((sum, { sites }) => sum + sites.length, 0);
  if (total <= most) return { report, note: null };
  const each = shareOf(
    groups.map(({ sites }) => sites.length),
    most,
  );
  const fewer = groups.map((group) => ({ ...group, sites: spread(group.sites, each) }));
  const shown = fewer.reduce((sum, { sites }) => sum + sites.length, 0);
  const note = `Figures and tables show ${shown} of ${counted(total, "site")}, spread evenly over the depth of each model; --json and --csv have all.`;
  return { report: { ...report, groups: fewer }, note };
}

/** The largest number such that lists of these lengths, cut to it, are `most` long together. */
function shareOf(lengths: readonly number[], most: number): number {
  let left = most;
  const sorted = [...lengths].sort((a, b) => a - b);
  for (const [at, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - at));
    if (length > share) return share;
    left -= length;
  }
  return most;
}

/** At most `count` of the items, evenly spaced from the first to the last. */
function spread<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  const step = (items.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => items[Math.round(i * step)]);
}
