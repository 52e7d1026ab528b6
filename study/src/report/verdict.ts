/**
 * Whether a site's states lie closer to orthogonal to the uniform vector than to random directions, or farther, or as far, and
 * whether the data can tell at all. The rule is in docs/study.md, word for word.
 */
import type { Site } from "../types.js";

export type Claim = "closer" | "asFar" | "farther";

/**
 * Why there is no claim: no row was sampled, they were centred beforehand, they have one dimension, they are too few or too alike,
 * or the rank does not confirm the ratio.
 */
export type Doubt = "unsampled" | "centred" | "flat" | "few" | "alike" | "rank";

export interface Verdict {
  /** The mean |90° − θ| over that of random directions. */
  ratio: number;
  /** Two standard errors of the ratio to either side, as of `effectiveRows` rows; null below two of them. */
  interval: { low: number; high: number } | null;
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

/** How unlikely the uniform vector's rank must be, counted from both ends, if it were one of the random directions. */
const level = 0.05;

/** Fewer effective rows are a single direction, of which nothing general can be said. */
const fewestRows = 2;

/** Fewer effective rows scatter so much that a ratio near 1 is no sign of chance: that of 8 has a standard deviation of 0.27. */
const fewestForChance = 8;

/** Of one random direction, |90° − θ| is so many times its mean in one case of forty. Beyond that no second row is needed. */
const beyondOneDirection = 2.81;

export function verdictOf(site: Site): Verdict {
  const { ordinary, sample, cols, null: chance } = site;
  const ratio = ordinary.deviation.mean / chance.deviation;
  const effectiveRows = sample && effective(ordinary.rows, sample.pairs?.correlation ?? 1);
  const found = {
    ratio,
    interval: intervalOf(site, effectiveRows),
    rank: sample && { lower: sample.uniformRank.lower, directions: sample.uniformRank.directions },
    alike: sample?.pairs?.cosine ?? null,
    effectiveRows,
    meanShare: ordinary.dCos2.mean / cols,
  };
  const claim = claimOf(site, ratio, effectiveRows);
  return { ...found, claim, doubt: claim === null ? doubtOf(site, effectiveRows) : null };
}

/** n rows whose pairs are correlated by r say as much as n/(1 + (n − 1)·r) independent ones. */
function effective(rows: number, correlation: number): number {
  return rows / (1 + (rows - 1) * Math.max(0, correlation));
}

/**
 * The variance within the rows is that of a row less what all rows have in common, so that it is divided by 1 − r before it is
 * divided by the effective rows.
 */
function intervalOf({ ordinary, sample, null: chance }: Site, effectiveRows: number | null): Verdict["interval"] {
  const correlation = Math.max(0, sample?.pairs?.correlation ?? 1);
  if (effectiveRows === null || effectiveRows < fewestRows || correlation >= 1) return null;
  const { mean, sd } = ordinary.deviation;
  const error = sd / Math.sqrt((1 - correlation) * effectiveRows);
  return { low: Math.max(0, mean - 2 * error) / chance.deviation, high: (mean + 2 * error) / chance.deviation };
}

function claimOf({ ordinary, sample, centred, cols }: Site, ratio: number, rows: number | null): Claim | null {
  if (sample === null || rows === null || centred || ordinary.rows < 2 || cols < 2) return null;
  const { lower, directions } = sample.uniformRank;
  const rare = (atLeastAsFarOut: number) => (2 * (atLeastAsFarOut + 1)) / (directions + 1) <= level;
  if (ratio < closerBelow && rare(lower) && rows >= fewestRows) return "closer";
  if (ratio > fartherAbove && rare(directions - lower) && (rows >= fewestRows || ratio > beyondOneDirection)) {
    return "farther";
  }
  return ratio >= closerBelow && ratio <= fartherAbove && rows >= fewestForChance ? "asFar" : null;
}

function doubtOf({ ordinary, centred, cols }: Site, rows: number | null): Doubt {
  if (centred) return "centred";
  if (cols < 2) return "flat";
  if (rows === null) return "unsampled";
  if (ordinary.rows < fewestForChance) return "few";
  if (rows >= fewestForChance) return "rank";
  return rows < ordinary.rows / 2 ? "alike" : "few";
}
