/** What the figures say in a few sentences, which are made from them alone. */
import { counted, listed, printable } from "@orthonorm/files";
import { decimalsFor, fixed, range } from "../text.js";
import type { Group, Report, Site } from "../types.js";
import { type Judged, reasonOf } from "./reasons.js";
import { type Claim, judgedSites, verdictOf } from "./verdict.js";

interface JudgedGroup extends Group {
  judged: Judged[];
  /** What is said first: the claim that holds at most sites, if no other holds at as many, and of no more there is no verdict. */
  main: Claim | null;
}

const claims: readonly Claim[] = ["closer", "asFar", "farther"];

const than: Record<Claim, string> = { closer: "closer than", asFar: "as far as", farther: "farther than" };
const how: Record<Claim, string> = { closer: "closer", asFar: "as far", farther: "farther" };

/** The finding leaves out sites that were centred beforehand, whose angle is 90° by construction. */
export function finding(report: Report): string {
  const { groups } = report;
  if (groups.length === 0) return "No row with an angle was read.";
  const among = { judged: judgedSites(report) };
  const telling = groups.map((group) => judge(group, among)).filter(({ judged }) => judged.length > 0);
  if (telling.length === 0) return allCentred(groups);
  if (telling.length === 1) return aboutOne(telling[0], groups.length === 1);
  return aboutTwins(telling) ?? aboutMany(telling);
}

function judge(group: Group, among: { judged: number }): JudgedGroup {
  const judged = group.sites
    .filter(({ centred }) => !centred)
    .map((site) => ({ site, verdict: verdictOf(site, among) }));
  const count = (claim: Claim | null) => claimed(judged, claim).length;
  const [first, second] = mostFirst(claims, count);
  const leads = count(first) > count(second) && count(first) >= count(null);
  return { ...group, judged, main: leads ? first : null };
}

/** Those of which there are most come first, and of as many their order stays. */
function mostFirst<T>(all: readonly T[], count: (one: T) => number): T[] {
  return [...all].sort((a, b) => count(b) - count(a));
}

function claimed(judged: readonly Judged[], claim: Claim | null): Judged[] {
  return judged.filter(({ verdict }) => verdict.claim === claim);
}

function allCentred(groups: readonly Group[]): string {
  const sites = groups.flatMap((group) => group.sites);
  const total = (of: (site: Site) => number) => sites.reduce((sum, site) => sum + of(site), 0);
  const centred = total(({ centredRows }) => centredRows);
  const rows = total(({ ordinary }) => ordinary.rows);
  return (
    `${groups.length === 1 ? "These states" : "All these states"} were centred beforehand: the mean of ` +
    `${centred === rows ? "every row" : `${centred} of ${rows} rows`} is zero up to rounding (as TransformerLens leaves it), ` +
    "so the angle of 90° is by construction and says nothing about the model."
  );
}

function aboutOne(group: JudgedGroup, alone: boolean): string {
  const { label, norm, judged, main } = group;
  const sites = judged.map(({ site }) => site);
  const chance = sharedChance(sites);
  const held = claimed(judged, main);
  const random = chance === null ? null : `${fixed(chance, 2)}°`;
  const lead =
    main === null
      ? `${ratios(judged)} times ${random === null ? "what random directions do" : `the ${random} of random directions`}`
      : `${where(group)}${than[main]} random directions${random === null ? "" : `, which lie ${random} from it`} ` +
        `(${ratios(held)} times as far${intervals(main, held)})${inTheMean(held)}`;
  const who = alone ? "These states" : `The states of ${printable(label)}`;
  const swap = norm === "RMSNorm" ? "LayerNorm in RMSNorm's" : "RMSNorm in LayerNorm's";
  return sentences(
    `${who} lie ${tilts(sites)} from orthogonal to the uniform vector (mean |90°−θ|), ${lead}`,
    ...otherSites([group], false),
    `${swap} place would change what the norm gives by ${swapped(sites)}`,
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
  const about = (group: JudgedGroup, what: string) => {
    const main = group.main as Claim;
    const held = claimed(group.judged, main);
    return `${where(group)}${than[main]} ${what} (${ratios(held)} times as far${intervals(main, held)})${inTheMean(held)}`;
  };
  const tiltsOf = ({ judged }: JudgedGroup) => tilts(judged.map(({ site }) => site));
  return sentences(
    `The states of ${printable(layer.label)}, trained with LayerNorm, lie ${tiltsOf(layer)} from orthogonal to the uniform vector ` +
      `(mean |90°−θ|), ${about(layer, `the ${fixed(chance, 2)}° of random directions`)}; ` +
      `those of ${printable(rms.label)}, trained with RMSNorm, lie ${tiltsOf(rms)} from it, ${about(rms, "chance")}`,
    ...otherSites(groups, true),
  );
}

function aboutMany(groups: readonly JudgedGroup[]): string {
  const parts = claims.flatMap((claim) => {
    const named = groups.filter(({ main }) => main === claim);
    return named.length === 0 ? [] : [{ claim, named, like: named.flatMap(({ judged }) => claimed(judged, claim)) }];
  });
  if (parts.length === 0) {
    const judged = groups.flatMap((group) => group.judged);
    return sentences(
      `The states of ${names(groups)} lie ${tilts(judged.map(({ site }) => site))} from orthogonal to the uniform vector ` +
        `(mean |90°−θ|), ${ratios(judged)} times what random directions do`,
      ...otherSites(groups, true),
    );
  }
  const from = { closer: "closer to", asFar: "as far from", farther: "farther from" };
  const clauses = parts.map(({ claim, named, like }, at) =>
    at === 0
      ? `Against random directions, the states of ${names(named)} lie ${from[claim]} orthogonal to the uniform vector ` +
        `(mean |90°−θ| ${ratios(like)} times theirs${intervals(claim, like)})${inTheMean(like)}`
      : `those of ${names(named)} ${how[claim]} (${ratios(like)} times${intervals(claim, like)})${inTheMean(like)}`,
  );
  return sentences(clauses.join("; "), ...otherSites(groups, true));
}

/** The models, and where their main claim does not hold at all of their sites, at how many. */
function names(groups: readonly JudgedGroup[]): string {
  return listed(
    groups.map(({ label, judged, main }) => {
      const held = claimed(judged, main).length;
      return main === null || held === judged.length
        ? printable(label)
        : `${printable(label)} (${held} of ${counted(judged.length, "site")})`;
    }),
    3,
  );
}

/** Where the main claim holds: "at 7 of 9 sites "; empty where it holds at all. */
function where({ judged, main }: JudgedGroup): string {
  const held = claimed(judged, main);
  return held.length === judged.length ? "" : `${at(held, judged.length)} `;
}

/** "at h.3, h.4", or of most sites, "at 7 of 9 sites". */
function at(some: readonly Judged[], of: number, mostNames = 3): string {
  if (some.length > mostNames && 2 * some.length > of) return `at ${some.length} of ${counted(of, "site")}`;
  const sites = some.map(({ site }) => printable(site.site));
  return `at ${listed(sites, mostNames)}`;
}

/**
 * What is said of other sites than what leads: a sentence of the other claims, and one of the sites without a verdict, with the reason.
 * That of more sites comes first.
 */
function otherSites(groups: readonly JudgedGroup[], several: boolean): string[] {
  const others = (claim: Claim) => (group: JudgedGroup) => (group.main === claim ? [] : claimed(group.judged, claim));
  const count = (pick: (group: JudgedGroup) => Judged[]) => groups.flatMap(pick).length;
  const clauses = mostFirst(claims, (claim) => count(others(claim))).flatMap((claim) =>
    places(groups, several, others(claim)).map(
      ({ place, sites }) => `${how[claim]} ${place} (${ratios(sites)} times chance)${inTheMean(sites)}`,
    ),
  );
  const unclear = ({ judged }: JudgedGroup) => claimed(judged, null);
  const doubts = [...new Set(groups.flatMap(unclear).flatMap(({ verdict }) => verdict.doubt ?? []))];
  const reasons = doubts.flatMap((doubt) =>
    places(groups, several, ({ judged }) => judged.filter(({ verdict }) => verdict.doubt === doubt)).map(
      ({ place, sites }) => `${place && ` ${place} (${ratios(sites)} times chance)`}: ${reasonOf(doubt, sites)}`,
    ),
  );
  const said = [
    { sites: Math.max(...claims.map((claim) => count(others(claim)))), sentence: clauses.join("; ") },
    { sites: count(unclear), sentence: reasons.length === 0 ? "" : `no verdict${reasons.join(";")}` },
  ];
  return mostFirst(said, ({ sites }) => sites).flatMap(({ sentence }) => (sentence === "" ? [] : [sentence]));
}

/** Some sites of each model, and where that is. Models of which they are the same sites are named together. */
function places(groups: readonly JudgedGroup[], several: boolean, pick: (group: JudgedGroup) => Judged[]) {
  const found = new Map<string, { labels: string[]; sites: Judged[] }>();
  for (const group of groups) {
    const sites = pick(group);
    if (sites.length === 0) continue;
    const place = sites.length === group.judged.length ? "" : at(sites, group.judged.length, several ? 3 : 6);
    const there = found.get(place) ?? { labels: [], sites: [] };
    found.set(place, { labels: [...there.labels, printable(group.label)], sites: [...there.sites, ...sites] });
  }
  return [...found].map(([place, { labels, sites }]) => {
    const models = labels.length === 2 ? labels.join(" and ") : listed(labels, 3);
    const of = several ? `${place === "" ? "on" : " of"} ${models}` : "";
    return { place: place + of, sites };
  });
}

/** What states farther from orthogonal than chance have in their mean. It is what mean subtraction does to them. */
function inTheMean(sites: readonly Judged[]): string {
  const farther = claimed(sites, "farther");
  if (farther.length === 0) return "";
  const shares = farther.map(({ verdict }) => 100 * verdict.meanShare);
  const along = Math.min(...shares) >= 50 ? ", along the uniform vector" : "";
  return `${along}, with ${range(shares, decimalsFor(shares, 2, 0, 2))} % of ‖x‖² in the mean, which LayerNorm removes`;
}

function ratios(judged: readonly Judged[]): string {
  return range(
    judged.map(({ verdict }) => verdict.ratio),
    2,
  );
}

/** The intervals by which the claim was made, from the lowest end to the highest; nothing of sites that have none. */
function intervals(claim: Claim, judged: readonly Judged[]): string {
  const found = judged.flatMap(({ verdict: { interval, alone } }) => (claim === "asFar" ? alone : interval) ?? []);
  if (found.length === 0) return "";
  const reach = range([...found.map(({ low }) => low), ...found.map(({ high }) => high)], 2);
  return `, ${claim === "asFar" ? 90 : 95} % ${found.length === 1 ? "interval" : "intervals within"} ${reach}`;
}

function tilts(sites: readonly Site[]): string {
  const values = sites.map((site) => site.ordinary.deviation.mean);
  return `${range(values, decimalsFor(values, 2, 2, 4))}°`;
}

/** The mean |90° − θ| of random directions, where all sites have the same d; else null. */
function sharedChance(sites: readonly Site[]): number | null {
  return sites.every(({ cols }) => cols === sites[0].cols) ? sites[0].null.deviation : null;
}

function sentences(...all: readonly string[]): string {
  return all.map((one) => `${one[0].toUpperCase()}${one.slice(1)}.`).join(" ");
}
