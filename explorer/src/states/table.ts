/** The table of sites: where the states lie, and how that is against chance. */
import { printable } from "@orthonorm/files";
import { inShort, judgedSites, type Report, range, type Site, verdictOf } from "@orthonorm/study";
import { aligned, fixed } from "../geometry/numbers.js";
import { make } from "../page.js";

const names = [
  "site",
  "d",
  "rows",
  "mean angle",
  "mean |90° − θ|",
  "chance",
  "over chance",
  "interval",
  "verdict",
  "d·cos²θ",
  "median norm",
];

export function table(report: Report): HTMLElement {
  const { groups } = report;
  const judged = judgedSites(report);
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  const all = groups.flatMap(({ sites }) => sites);
  const norms = aligned(all.map(({ ordinary }) => ordinary.norm.median));
  const line = (site: Site) => {
    const { cols, rows, ordinary, null: chance } = site;
    const verdict = verdictOf(site, { judged });
    const { ratio, interval } = verdict;
    const cells = [
      String(cols),
      String(rows),
      `${fixed(ordinary.angle.mean, 2)}° ± ${fixed(ordinary.angle.sd, 2)}`,
      `${fixed(ordinary.deviation.mean, 2)}°`,
      `${fixed(chance.deviation, 2)}°`,
      fixed(ratio, 2),
      interval === null ? "–" : range([interval.low, interval.high], 2),
      inShort(verdict),
      fixed(ordinary.dCos2.mean, 3),
      norms[all.indexOf(site)],
    ];
    const name = make("th", { scope: "row" }, printable(site.site));
    return make("tr", {}, name, ...cells.map((cell) => make("td", {}, cell)));
  };
  /** Sites of several files may have the same names. */
  const whose = (label: string) =>
    make("tr", {}, make("th", { scope: "rowgroup", colspan: String(names.length) }, printable(label)));
  const bodies = groups.map(({ label, sites }) =>
    make("tbody", {}, ...(groups.length > 1 ? [whose(label)] : []), ...sites.map(line)),
  );
  const whole = make("table", { class: "sites" }, make("thead", {}, head), ...bodies);
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Sites" }, whole);
}
