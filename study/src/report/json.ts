import type { Group, Population, Report, Sample, Site } from "../types.js";
import { judgedSites, verdictOf } from "./verdict.js";

/**
 * The figures as JSON. Those of a site's ordinary rows stand directly in the site, the others beside them. Speed is left out, so that
 * the same states give the same bytes on the same engine. Every number is finite: rows without an angle are counted in
 * `excluded`, and tensors without rows are in `skipped`.
 */
export function toJson(report: Report): string {
  return [...jsonPieces(report)].join("");
}

/** The JSON in pieces, for that of ten thousands of sites is longer than a string should be. */
export function* jsonPieces(report: Report): Generator<string> {
  const { version, engine, eps, complete, skipped, groups } = report;
  const before = JSON.stringify({ version, engine, eps, complete }, null, 2);
  yield `${before.slice(0, before.lastIndexOf("\n}"))},\n  "sites": [`;
  let between = "\n    ";
  for (const site of sitesJson(report)) {
    yield between + indented(JSON.stringify(site, null, 2), "    ");
    between = ",\n    ";
  }
  yield between.startsWith(",") ? "\n  ]" : "]";
  yield `,\n  "skipped": ${indented(JSON.stringify(skipped, null, 2), "  ")}`;
  const swaps = groups.flatMap(({ label, swap = null }) =>
    swap === null ? [] : [{ model: label, together: swap.together, fixed: swap.fixed }],
  );
  yield `,\n  "swaps": ${indented(JSON.stringify(swaps, null, 2), "  ")}\n}\n`;
}

/** A text of JSON has line breaks between its values only. */
function indented(text: string, by: string): string {
  return text.replaceAll("\n", `\n${by}`);
}

/** What the JSON has of each site, in its order. */
export function* sitesJson(report: Report) {
  const judged = judgedSites(report);
  for (const group of report.groups) for (const site of group.sites) yield siteJson(group, site, judged);
}

function siteJson({ label, sources, norm, normFrom }: Group, site: Site, judged: number) {
  const { sample, swapOutput = null, ordinary, massive, all, apart, ...head } = site;
  const { masked, zero, notFinite } = apart;
  const ofOrdinary = populationJson(ordinary);
  return {
    source: sources.map(({ name }) => name).join(", "),
    model: label,
    trainedWith: norm,
    normFrom,
    ...head,
    excluded: { masked, zero, notFinite },
    apart: { massive: apart.massive, repeated: apart.repeated },
    verdict: verdictOf(site, { judged }),
    ...ofOrdinary,
    swapError: sample?.swap ?? null,
    swapOutput,
    error: sample?.engineError ?? null,
    sample: sampleJson(sample),
    massive: massive && populationJson(massive),
    all: all === ordinary ? ofOrdinary : populationJson(all),
  };
}

/** Histograms stand by themselves, so that `angle` is seven numbers; single values are for figures alone. */
function populationJson({ rows, ...quantities }: Population) {
  const { angle, angleAfter } = quantities;
  const histograms = { angle: angle.histogram, angleAfter: angleAfter?.histogram ?? null };
  return { counted: rows, ...(withoutLists(quantities) as object), histograms };
}

const lists = new Set(["histogram", "values"]);

function withoutLists(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const bare: Record<string, unknown> = {};
  for (const [name, of] of Object.entries(value)) if (!lists.has(name)) bare[name] = withoutLists(of);
  return bare;
}

/** The random directions' own figures are for a chart alone: of ten thousands of sites they would be most of the file. */
function sampleJson(sample: Sample | null) {
  if (sample === null) return null;
  const { each: _, ...uniformRank } = sample.uniformRank;
  return { ...sample, uniformRank };
}
