/** What the figures say in one sentence, which is made from them alone, and notes that a reader has to know beside it. */
import { counted, listed, printable } from "@orthonorm/files";
import { describeExcluded } from "../measure/site.js";
import { decimalsFor, fixed, range } from "../text.js";
import type { Group, Report, Site } from "../types.js";
import { type Claim, type Verdict, verdictOf } from "./verdict.js";

/** A site beside what can be said of it. */
interface Judged {
  site: Site;
  verdict: Verdict;
}

interface JudgedGroup extends Group {
  judged: Judged[];
  /** What holds at most of its sites; null where no verdict does. */
  main: Claim | null;
}

/** From the most careful on, which also decides where as many sites say the one as the other. */
const claims: readonly (Claim | null)[] = [null, "asFar", "farther", "closer"];

const than: Record<Claim, string> = { closer: "closer than", asFar: "as far as", farther: "farther than" };
const how: Record<Claim, string> = { closer: "closer", asFar: "as far", farther: "farther" };

/** The finding leaves out sites that were centred beforehand, whose angle is 90° by construction. */
export function finding({ groups }: Report): string {
  if (groups.length === 0) return "No row with an angle was read.";
  const telling = groups.map(judge).filter(({ judged }) => judged.length > 0);
  if (telling.length === 0) {
    return (
      `${groups.length === 1 ? "These states" : "All these states"} were centred beforehand: every row's mean is zero up to ` +
      "rounding (as TransformerLens leaves it), so the angle of 90° is by construction and says nothing about the model."
    );
  }
  if (telling.length === 1) return aboutOne(telling[0], groups.length === 1);
  return aboutTwins(telling) ?? aboutMany(telling);
}

function judge(group: Group): JudgedGroup {
  const judged = group.sites.filter(({ centred }) => !centred).map((site) => ({ site, verdict: verdictOf(site) }));
  const count = (claim: Claim | null) => judged.filter(({ verdict }) => verdict.claim === claim).length;
  const main = claims.reduce((most, claim) => (count(claim) > count(most) ? claim : most));
  return { ...group, judged, main };
}

function aboutOne({ label, norm, judged, main }: JudgedGroup, alone: boolean): string {
  const who = alone ? "These states" : `The states of ${printable(label)}`;
  const sites = judged.map(({ site }) => site);
  const chance = sharedChance(sites);
  const like = judged.filter(({ verdict }) => verdict.claim === main);
  const where = like.length === judged.length ? "" : `at ${like.length} of ${counted(judged.length, "site")} `;
  const directions =
    chance === null ? "random directions" : `random directions, which lie ${fixed(chance, 2)}° from it`;
  const compared =
    main === null
      ? `${where}${ratios(like)} of what random directions do${chance === null ? "" : ` (${fixed(chance, 2)}°)`}: no verdict, for ${doubtful(like)}`
      : `${where}${than[main]} ${directions} (${ratios(like)} of that)${inTheMean(like)}`;
  return (
    `${who} lie ${tilts(sites)} from orthogonal to the uniform vector (mean |90°−θ|), ${compared}${exceptions(judged, main)}; ` +
    `${norm === "RMSNorm" ? "LayerNorm in RMSNorm's" : "RMSNorm in LayerNorm's"} place would change what the norm gives by ${swapped(sites)}.`
  );
}

/**
 * What the swap changes, by the angle. Where both norms as run say otherwise by a twentieth, as they do where eps is not small beside
 * the states, what was measured comes first.
 */
function swapped(sites: readonly Site[]): string {
  const percent = (values: readonly number[]) => `${range(values, decimalsFor(values, 2, 0, 2))} %`;
  const byAngle = sites.map(({ ordinary }) => 100 * ordinary.swapPredicted.mean);
  const measured = sites.map(({ sample }, at) => (sample === null ? byAngle[at] : 100 * sample.swap.mean));
  const agree = sites.every(
    ({ sample }) =>
      sample === null || Math.abs(sample.swap.mean - sample.swap.predicted.mean) <= 0.05 * sample.swap.predicted.mean,
  );
  return agree ? percent(byAngle) : `${percent(measured)} as run, and without eps by ${percent(byAngle)}`;
}

/** Two models that differ in the norm they were trained with. */
function aboutTwins(groups: readonly JudgedGroup[]): string | null {
  const layer = groups.find(({ norm }) => norm === "LayerNorm");
  const rms = groups.find(({ norm }) => norm === "RMSNorm");
  const chance = sharedChance(groups.flatMap(({ judged }) => judged.map(({ site }) => site)));
  if (groups.length !== 2 || !layer || !rms || chance === null || layer.main === null || rms.main === null) return null;
  const about = ({ judged, main }: JudgedGroup, what: string) => {
    const like = judged.filter(({ verdict }) => verdict.claim === main);
    return `${than[main as Claim]} ${what}${inTheMean(like)}${exceptions(judged, main)}`;
  };
  return (
    `The states of ${printable(layer.label)}, trained with LayerNorm, lie ${tilts(layer.sites)} from orthogonal to the uniform vector ` +
    `(mean |90°−θ|), ${about(layer, `the ${fixed(chance, 2)}° of random directions`)}; ` +
    `those of ${printable(rms.label)}, trained with RMSNorm, lie ${tilts(rms.sites)} from it, ${about(rms, "chance")}.`
  );
}

function aboutMany(groups: readonly JudgedGroup[]): string {
  const parts = (["closer", "asFar", "farther"] as const).flatMap((claim) => {
    const named = groups.filter(({ main }) => main === claim);
    if (named.length === 0) return [];
    const like = named.flatMap(({ judged }) => judged.filter(({ verdict }) => verdict.claim === claim));
    const apart = named.flatMap(({ label, judged, main }) => {
      const text = exceptions(judged, main, 3);
      return text === "" ? [] : [`; in ${printable(label)}${text}`];
    });
    return [{ claim, who: names(named), like, apart }];
  });
  const unclear = groups.filter(({ main }) => main === null);
  const doubt = `${names(unclear)} no verdict holds, for ${doubtful(unclear.flatMap(({ judged }) => judged))}`;
  if (parts.length === 0) return `Of the states of ${doubt}.`;
  const [first, ...others] = parts;
  const rest = others.map(
    ({ claim, who, like }) => `, those of ${who} ${how[claim]} (${ratios(like)})${inTheMean(like)}`,
  );
  const from = { closer: "closer to", asFar: "as far from", farther: "farther from" }[first.claim];
  const apart = parts.flatMap((part) => part.apart);
  return (
    `Against random directions, the states of ${first.who} lie ${from} orthogonal to the uniform vector ` +
    `(mean |90°−θ| ${ratios(first.like)} of theirs)${inTheMean(first.like)}${rest.join("")}` +
    `${apart.join("")}${unclear.length === 0 ? "" : `; of those of ${doubt}`}.`
  );
}

function names(groups: readonly Group[]): string {
  return listed(
    groups.map(({ label }) => printable(label)),
    3,
  );
}

/** The sites of which something else holds than of most: ", farther at h.3 (1.62), with no verdict on h.5 (0.72, …)". */
function exceptions(judged: readonly Judged[], main: Claim | null, mostNames = 6): string {
  return claims
    .filter((claim) => claim !== main)
    .flatMap((claim) => {
      const sites = judged.filter(({ verdict }) => verdict.claim === claim);
      if (sites.length === 0) return [];
      const at = listed(
        sites.map(({ site }) => printable(site.site)),
        mostNames,
      );
      return claim === null
        ? [`, with no verdict on ${at} (${ratios(sites)}: ${doubtful(sites)})`]
        : [`, ${how[claim]} at ${at} (${ratios(sites)})${inTheMean(sites)}`];
    })
    .join("");
}

/** What states farther from orthogonal than chance have in their mean. It is what mean subtraction does to them. */
function inTheMean(sites: readonly Judged[]): string {
  const farther = sites.filter(({ verdict }) => verdict.claim === "farther");
  if (farther.length === 0) return "";
  const shares = farther.map(({ verdict }) => 100 * verdict.meanShare);
  const along = Math.min(...shares) >= 50 ? "they lie along the uniform vector, for " : "";
  return `: ${along}${range(shares, decimalsFor(shares, 2, 0, 2))} % of ‖x‖² is in the mean, which LayerNorm removes`;
}

/** Why no verdict holds. */
function doubtful(judged: readonly Judged[]): string {
  const of = (doubt: Verdict["doubt"]) => judged.filter(({ verdict }) => verdict.doubt === doubt);
  const rowsOf = (sites: readonly Judged[]) =>
    range(
      sites.map(({ site }) => site.ordinary.rows),
      0,
    );
  const reasons: string[] = [];
  if (of("flat").length > 0) reasons.push("in one dimension every vector lies along the uniform one");
  const few = of("few");
  if (few.length > 0) reasons.push(rowsOf(few) === "1" ? "one row is no sample" : `${rowsOf(few)} rows are too few`);
  const alike = of("alike");
  if (alike.length > 0) {
    const means = alike.map(({ verdict }) => verdict.alike ?? 1);
    // Rows may lie along each other in both directions: then their mean cosine says nothing of it.
    const squares = alike.map(
      ({ site: { cols, sample } }) => (1 + (cols - 1) * (sample?.pairs?.correlation ?? 1)) / cols,
    );
    const oneWay = means.every((mean, at) => 2 * mean * mean >= squares[at]);
    const cosines = oneWay
      ? `mean cosine ${range(means, 2)}`
      : `cosines of ±${range(squares.map(Math.sqrt), 2)}, root mean square`;
    const effective = alike.map(({ verdict }) => verdict.effectiveRows ?? 1);
    reasons.push(
      `${rowsOf(alike)} rows as alike as these (${cosines}) say no more than ${range(effective, 1)} independent ones`,
    );
  }
  const rank = of("rank");
  if (rank.length > 0) {
    const lower = rank.map(({ verdict }) => verdict.rank?.lower ?? 0);
    reasons.push(
      `the uniform vector ranks ${range(lower, 0)} among ${rank[0].verdict.rank?.directions} random directions`,
    );
  }
  if (of("unsampled").length > 0) reasons.push("the study was stopped before");
  return reasons.join(", and ");
}

function ratios(judged: readonly Judged[]): string {
  return range(
    judged.map(({ verdict }) => verdict.ratio),
    2,
  );
}

function tilts(sites: readonly Site[]): string {
  const values = sites.map((site) => site.ordinary.deviation.mean);
  return `${range(values, decimalsFor(values, 2, 2, 4))}°`;
}

/** The mean |90° − θ| of random directions, where all sites have the same d; else null. */
function sharedChance(sites: readonly Site[]): number | null {
  return sites.every(({ cols }) => cols === sites[0].cols) ? sites[0].null.deviation : null;
}

/** Notes on what a figure does not include or cannot show: a stopped study, centred states, excluded rows, skipped tensors. */
export function notes({ groups, skipped, complete, hints }: Report): string[] {
  const several = groups.length > 1;
  const siteName = (group: Group, site: Site) => printable(several ? `${group.label} ${site.site}` : site.site);
  const all = groups.flatMap((group) => group.sites.map((site) => ({ site, name: siteName(group, site) })));
  const found: string[] = [];

  if (!complete) {
    const read = all.reduce((sum, { site }) => sum + site.read, 0);
    found.push(
      `Stopped before the end: these are the figures of ${counted(read, "row")} read until then, not of all, and of no site that was not begun.`,
    );
  }
  found.push(...hints);
  const centred = all.filter(({ site }) => site.centred);
  if (centred.length > 0 && centred.length < all.length) {
    found.push(
      `Centred beforehand: ${listed(centred.map(({ name }) => name))}. The mean of every row is zero up to rounding (as TransformerLens leaves it), so the ` +
        "angle is 90° by construction and says nothing about the model.",
    );
  }
  const masked = all.filter(({ site }) => site.apart.masked > 0);
  if (masked.length > 0) {
    const which = masked.map(({ name, site }) => `${name} (${counted(site.apart.masked, "row")} of ${site.read})`);
    found.push(`Masked, in no figure: ${listed(which)}.`);
  }
  const empty = all.filter(({ site }) => site.apart.zero + site.apart.notFinite > 0);
  if (empty.length > 0) {
    const which = empty.map(({ name, site }) => `${name} (${describeExcluded(site.apart.zero, site.apart.notFinite)})`);
    found.push(`Without a direction, in no figure of the table: ${listed(which)}.`);
  }
  const massive = all.filter(({ site }) => site.massive !== null);
  if (massive.length > 0) {
    const which = massive.map(({ name, site }) => {
      const { rows, norm, angle } = site.massive as NonNullable<Site["massive"]>;
      return `${name} (${rows} of ${site.read}, median norm ${fixed(norm.median, 0)}, angle ${fixed(angle.median, 2)}°)`;
    });
    found.push(
      `Massive, set apart: ${listed(which)}. A row is massive above eight times the power of two at or above the site's median norm (attention sinks are).`,
    );
  }
  const repeated = all.filter(({ site }) => site.apart.repeated > 0);
  if (repeated.length > 0) {
    const which = repeated.map(
      ({ name, site }) =>
        `${name} (${site.repeatedExactly ? "" : "at least "}${counted(site.apart.repeated, "copy", "copies")}${mostFrequent(site)})`,
    );
    found.push(
      `Repeated, set apart: ${listed(which)}. A vector that makes up 5 % of a site's rows or more counts once; where a model has one, 2.5 % is enough at its other sites.`,
    );
  }
  const alike = all.filter(({ site }) => site.apart.repeated === 0 && site.repeatedShare >= 0.005);
  if (alike.length > 0) {
    const which = alike.map(({ name, site }) => {
      const about = site.repeatsKnown ? "" : "about ";
      return `${name} (${about}${fixed(100 * site.repeatedShare, 0)} % of the rows${mostFrequent(site)})`;
    });
    found.push(`Rows that repeat an earlier one, not set apart: ${listed(which)}.`);
  }
  const undirected = all.filter(({ site }) => site.ordinary.withoutAngleAfter > 0);
  if (undirected.length > 0) {
    const which = undirected.map(({ name, site }) => `${name} (${counted(site.ordinary.withoutAngleAfter, "row")})`);
    found.push(`Zeros after weight and bias, in no angle after the norm: ${listed(which)}.`);
  }
  found.push(...offsets(all));
  const bare = all.filter(({ site }) => site.affine === null);
  if (bare.length > 0 && bare.length < all.length) {
    found.push(
      `Measured without scale and shift, for the weights have none of that name: ${listed(bare.map(({ name }) => name))}.`,
    );
  }
  if (skipped.length > 0) {
    const label = new Map(groups.flatMap(({ sources, label }) => sources.map(({ name }) => [name, label])));
    const byReason = new Map<string, string[]>();
    for (const { source, tensor, reason } of skipped) {
      const named = printable(tensor === null ? source : several ? `${label.get(source) ?? source} ${tensor}` : tensor);
      byReason.set(reason, [...(byReason.get(reason) ?? []), named]);
    }
    const parts = [...byReason].map(([reason, names]) => `${listed(names, 3)} (${reason})`);
    const files = skipped.filter(({ tensor }) => tensor === null).length;
    const tensors = skipped.length - files;
    const what = [
      ...(tensors > 0 ? [counted(tensors, "tensor")] : []),
      ...(files > 0 ? [counted(files, "file")] : []),
    ].join(" and ");
    found.push(`Skipped ${what}: ${parts.join("; ")}.`);
  }
  return found;
}

/** What was added to the weights, and what says so: a checkpoint does not, and a wrong guess changes every figure after the norm. */
function offsets(all: readonly { name: string; site: Site }[]): string[] {
  const bySentence = new Map<string, string[]>();
  for (const { name, site } of all) {
    if (site.affine === null) continue;
    const { value, from } = site.affine.offset;
    const sentence = `${value === 1 ? "1 + weight" : "the weight as it is stored"} (${from})`;
    bySentence.set(sentence, [...(bySentence.get(sentence) ?? []), name]);
  }
  const parts = [...bySentence].map(([sentence, names]) =>
    bySentence.size === 1 ? sentence : `${sentence} at ${listed(names, 3)}`,
  );
  return parts.length === 0 ? [] : [`The norms multiply by ${parts.join("; ")}.`];
}

function mostFrequent({ mostRepeated: most }: Site): string {
  return most === null
    ? ""
    : `, one vector ${most.exact ? "" : "at least "}${most.count} times, norm ${fixed(most.norm, 2)}, angle ${fixed(most.angle, 2)}°`;
}
