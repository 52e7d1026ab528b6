import type { Group, Population, Report, Site } from "../types.js";
import { verdictOf } from "./verdict.js";

/**
 * The figures as JSON. Those of a site's ordinary rows stand directly in the site, the others beside them. Speed is left out, so that
 * the same states give the same bytes on the same engine. Every number is finite: rows without an angle are counted in
 * `excluded`, and tensors without rows are in `skipped`.
 */
export function toJson({ version, engine, eps, complete, groups, skipped }: Report): string {
  const sites = groups.flatMap((group) => group.sites.map((site) => siteJson(group, site)));
  return `${JSON.stringify({ version, engine, eps, complete, sites, skipped }, null, 2)}\n`;
}

function siteJson({ label, sources, norm, normFrom }: Group, site: Site) {
  const { sample, ordinary, massive, all, apart, ...head } = site;
  const { masked, zero, notFinite } = apart;
  return {
    source: sources.map(({ name }) => name).join(", "),
    model: label,
    trainedWith: norm,
    normFrom,
    ...head,
    excluded: { masked, zero, notFinite },
    apart: { massive: apart.massive, repeated: apart.repeated },
    verdict: verdictOf(site),
    ...populationJson(ordinary),
    swapError: sample?.swap ?? null,
    error: sample?.engineError ?? null,
    sample,
    massive: massive && populationJson(massive),
    all: populationJson(all),
  };
}

/** Histograms are apart from the rest, so that `angle` is seven numbers. */
function populationJson({ rows, ...quantities }: Population) {
  const bare = JSON.parse(JSON.stringify(quantities, (key, value) => (key === "histogram" ? undefined : value)));
  const { angle, angleAfter } = quantities;
  const histograms = { angle: angle.histogram, angleAfter: angleAfter?.histogram ?? null };
  return { counted: rows, ...bare, histograms };
}
