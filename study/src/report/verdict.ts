/**
 * Whether a site's states lie closer to orthogonal to the uniform vector than random directions, or farther, or as far, and whether the
 * data can tell at all. The rule is in docs/study.md, word for word.
 */
import { chanceTiltBeyond, studentBeyond } from "../measure/student.js";
import type { Report, Site } from "../types.js";

export type Claim = "closer" | "asFar" | "farther";

/**
 * Why there is no claim: no row was sampled; the rows, or some of them, were centred beforehand; they have one dimension; they are too
 * few or too alike; the interval is too wide; a few rows say in the mean of d·cos²θ what the others do not; or the rank does not
 * confirm the ratio.
 */
export type Doubt = "unsampled" | "centred" | "partly" | "flat" | "few" | "alike" | "wide" | "mixed" | "rank";

export interface Interval {
  low: number;
  high: number;
}

export interface Verdict {
  /** The mean |90° − θ| over that of random directions. */
  ratio: number;
  /**
   * Where the ratio lies, of as many rows as `effectiveRows`. In nineteen of twenty reports the intervals of all sites hold their true
   * ratios. Null where no claim is possible, and below two such rows.
   */
  interval: Interval | null;
  /** The interval of this site alone that holds its true ratio in nine of ten cases: "as far" asks for this one. */
  alone: Interval | null;
  /** How many of the random directions the states are nearer to orthogonal to than to the uniform vector. */
  rank: { lower: number; directions: number } | null;
  /** The mean cosine of two rows; null of a single row. */
  alike: number | null;
  /** How many independent rows say as much as these. */
  effectiveRows: number | null;
  /** The mean of cos²θ: the share of ‖x‖² that is in the mean, which LayerNorm removes. */
  meanShare: number;
  claim: Claim | null;
  doubt: Doubt | null;
}

/** Within a fifth of chance counts as chance. */
const closerBelow = 0.8;
const fartherAbove = 1.25;

/**
 * "As far" says more than that no difference was found: that the true ratio lies within these bounds. What training with LayerNorm does
 * to the twins, 0.45 to 0.66, lies outside.
 */
export const asFarWithin: Interval = { low: 2 / 3, high: 3 / 2 };

/** How seldom a report may have a wrong claim of a difference, and a site one of none. The rank has the same level at each site. */
const level = 0.05;

/** Fewer effective rows are a single direction, whose scatter is not known. */
const fewestEffective = 2;

/** Where the interval is too wide, fewer rows than these are said to be too few. */
const few = 8;

/** How many sites of a report are judged: the claims of a difference share its level. */
export function judgedSites({ groups }: Pick<Report, "groups">): number {
  return groups.flatMap(({ sites }) => sites).filter((site) => unfitFor(site) === null).length;
}

/** @param among.judged how many sites the report judges, this one among them */
export function verdictOf(site: Site, { judged }: { judged: number }): Verdict {
  const { ordinary, sample, cols, null: chance } = site;
  const effectiveRows = sample && effective(ordinary.rows, sample.pairs?.correlation ?? 1);
  const found = {
    ratio: ordinary.deviation.mean / chance.deviation,
    interval: intervalOf(site, effectiveRows, level / 2 / judged),
    alone: intervalOf(site, effectiveRows, level),
    rank: sample && { lower: sample.uniformRank.lower, directions: sample.uniformRank.directions },
    alike: sample?.pairs?.cosine ?? null,
    effectiveRows,
    meanShare: ordinary.dCos2.mean / cols,
  };
  const claim = suggested(found.ratio);
  const doubt = doubtOf(claim, site, found, judged);
  return { ...found, claim: doubt === null ? claim : null, doubt };
}

/** The claim that a ratio suggests, before anything speaks against it. */
export function suggested(ratio: number): Claim {
  return ratio < closerBelow ? "closer" : ratio > fartherAbove ? "farther" : "asFar";
}

/** n rows whose pairs are correlated by r say as much as n/(1 + (n − 1)·r) independent ones. */
function effective(rows: number, correlation: number): number {
  return rows / (1 + (rows - 1) * Math.max(0, correlation));
}

/**
 * Student's interval, of the ratio's logarithm: there both ends are equally likely to be wrong, where those of the mean of |90° − θ|
 * itself are not, for that is skewed. The variance within the rows is that of a row less what all rows have in common, so that it is
 * divided by 1 − r before it is divided by the effective rows.
 *
 * @param beyond how likely the true ratio lies below it, and above it
 */
function intervalOf(site: Site, effectiveRows: number | null, beyond: number): Interval | null {
  const { ordinary, sample, null: chance } = site;
  const correlation = Math.max(0, sample?.pairs?.correlation ?? 1);
  if (unfitFor(site) !== null || effectiveRows === null || effectiveRows < fewestEffective) return null;
  const { rows, deviation } = ordinary;
  const { mean, sd } = deviation;
  // sd is that of the population; Bessel's correction makes it that of a sample.
  const error = (sd / mean) * Math.sqrt(rows / (rows - 1) / ((1 - correlation) * effectiveRows));
  const factor = Math.exp(studentBeyond(beyond, effectiveRows - 1) * error);
  const ratio = mean / chance.deviation;
  // No state lies more than 90° from orthogonal.
  return { low: ratio / factor, high: Math.min(90 / chance.deviation, ratio * factor) };
}

/** Why a site cannot be judged, whatever its figures are; null where it can. */
function unfitFor({ ordinary, sample, centred, cols }: Site): Doubt | null {
  if (centred) return "centred";
  if (cols < 2) return "flat";
  if (sample === null) return "unsampled";
  return ordinary.rows < 2 ? "few" : null;
}

type Found = Omit<Verdict, "claim" | "doubt">;

/** The first reason not to make the claim that the ratio suggests; null where there is none. */
function doubtOf(claim: Claim, site: Site, found: Found, judged: number): Doubt | null {
  const { ordinary, centredRows } = site;
  const { interval, effectiveRows } = found;
  const unfit = unfitFor(site);
  if (unfit !== null || effectiveRows === null) return unfit;
  const unclear = ordinary.rows < few ? "few" : effectiveRows < ordinary.rows / 2 ? "alike" : "wide";
  const agreed = agree(claim, ordinary.dCos2.mean);
  if (!shown(claim, site, found, judged)) {
    return interval !== null && claim !== "asFar" && !agreed ? "mixed" : unclear;
  }
  if (!confirmed(claim, found)) return "rank";
  if (!agreed) return "mixed";
  // Centred rows add nothing to the mean: without them it is larger by this factor.
  const others = ordinary.rows / (ordinary.rows - centredRows);
  const stillCloser = found.ratio * others < closerBelow && interval !== null && interval.high * others < 1;
  return claim === "closer" && !stillCloser ? "partly" : null;
}

function shown(claim: Claim, site: Site, { interval, alone }: Found, judged: number): boolean {
  if (claim === "farther" && mostBeyondChance(site, judged)) return true;
  if (interval === null || alone === null) return false;
  if (claim === "closer") return interval.high < 1;
  if (claim === "farther") return interval.low > 1;
  return alone.low > asFarWithin.low && alone.high < asFarWithin.high;
}

/**
 * Rows that are as one direction, and have no interval, may still lie farther: where three quarters of them lie beyond what a random
 * direction exceeds with a probability p. By Markov's inequality that happens by chance with 4/3·p at most, however the rows depend
 * on each other; and a few rows apart from the others cannot bring it about.
 */
function mostBeyondChance({ ordinary, cols }: Site, judged: number): boolean {
  return ordinary.deviation.q1 > chanceTiltBeyond(((3 / 4) * level) / 2 / judged, cols);
}

/** The rank is counted from both ends, as if the uniform vector were one of the random directions. */
function confirmed(claim: Claim, { rank }: Found): boolean {
  if (claim === "asFar") return true;
  if (rank === null) return false;
  const atLeastAsFarOut = claim === "closer" ? rank.lower : rank.directions - rank.lower;
  return (2 * (atLeastAsFarOut + 1)) / (rank.directions + 1) <= level;
}

/**
 * Whether the mean of d·cos²θ says the same as that of |90° − θ|. It hangs on the few rows that lie farthest; of states that scatter as
 * random directions do, it is the square of the ratio.
 */
function agree(claim: Claim, dCos2: number): boolean {
  if (claim === "closer") return dCos2 < 1;
  if (claim === "farther") return dCos2 > 1;
  return dCos2 >= closerBelow ** 2 && dCos2 <= fartherAbove ** 2;
}
