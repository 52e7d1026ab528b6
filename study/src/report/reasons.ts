/** The verdict on a site in a few words, and why there is none on some sites, in a sentence. */
import { range } from "../text.js";
import type { Site } from "../types.js";
import { type Claim, type Doubt, suggested, type Verdict } from "./verdict.js";

/** A site beside what can be said of it. */
export interface Judged {
  site: Site;
  verdict: Verdict;
}

const claims: Record<Claim, string> = { closer: "closer", asFar: "as far", farther: "farther" };

const doubts: Record<Doubt, string> = {
  unsampled: "no row sampled",
  centred: "centred beforehand",
  partly: "none: partly centred beforehand",
  flat: "none: one dimension",
  few: "none: too few rows",
  alike: "none: rows too alike",
  wide: "none: interval too wide",
  mixed: "none: a few rows decide",
  rank: "none: rank and ratio disagree",
};

/** The verdict in a cell of a table. */
export function inShort({ claim, doubt }: Verdict): string {
  return claim === null ? doubts[doubt as Doubt] : claims[claim];
}

/** @param judged sites of which this is the doubt, one at least */
export function reasonOf(doubt: Doubt, judged: readonly Judged[]): string {
  switch (doubt) {
    case "unsampled":
      return "the study was stopped before";
    case "centred":
      return "the rows were centred beforehand";
    case "flat":
      return "in one dimension every vector lies along the uniform one";
    case "few": {
      const rows = rowsOf(judged);
      return rows === "1" ? "one row is no sample" : `${rows} rows are too few`;
    }
    case "alike":
      return alike(judged);
    case "wide":
      return tooWide(judged);
    case "mixed":
      return mixed(judged);
    case "rank":
      return unconfirmed(judged);
    case "partly": {
      const centred = judged.map(({ site }) => site.centredRows);
      return `${range(centred, 0)} of ${rowsOf(judged)} rows were centred beforehand, and nothing shows that the others lie closer`;
    }
  }
}

function rowsOf(judged: readonly Judged[]): string {
  return range(
    judged.map(({ site }) => site.ordinary.rows),
    0,
  );
}

/** Rows are compared with those of their own part. Where each part has one row, it is not known how alike they are. */
function alike(judged: readonly Judged[]): string {
  const compared = judged.filter(({ verdict }) => verdict.alike !== null);
  const others = judged.filter(({ verdict }) => verdict.alike === null);
  return [
    ...(compared.length === 0 ? [] : [tooAlike(compared)]),
    ...(others.length === 0
      ? []
      : [`no part has two of the ${rowsOf(others)} rows, so how alike they are is not known`]),
  ].join("; elsewhere ");
}

function tooAlike(judged: readonly Judged[]): string {
  const means = judged.map(({ verdict }) => verdict.alike ?? 1);
  // Rows may lie along each other in both directions: then their mean cosine says nothing of it.
  const squares = judged.map(
    ({ site: { cols, sample } }) => (1 + (cols - 1) * (sample?.pairs?.correlation ?? 1)) / cols,
  );
  const oneWay = means.every((mean, at) => 2 * mean * mean >= squares[at]);
  const cosines = oneWay
    ? `mean cosine ${range(means, 2)}`
    : `cosines of ±${range(squares.map(Math.sqrt), 2)}, root mean square`;
  const effective = judged.map(({ verdict }) => verdict.effectiveRows ?? 1);
  return `${rowsOf(judged)} rows as alike as these (${cosines}) say no more than ${range(effective, 1)} independent ones`;
}

/** The interval that the claim would need: that of the site alone where the ratio is near 1. */
function tooWide(judged: readonly Judged[]): string {
  const intervals = judged.flatMap(
    ({ verdict: { ratio, interval, alone } }) => (suggested(ratio) === "asFar" ? alone : interval) ?? [],
  );
  const low = Math.min(...intervals.map((one) => one.low));
  const high = Math.max(...intervals.map((one) => one.high));
  const reach = `${low.toFixed(2)} to ${high.toFixed(2)}`;
  return intervals.length === 1
    ? `the interval of the ratio, ${reach}, is too wide`
    : `the intervals of the ratio, which reach from ${reach}, are too wide`;
}

function mixed(judged: readonly Judged[]): string {
  const told = (some: readonly Judged[], what: string) => {
    const means = some.map(({ site }) => site.ordinary.dCos2.mean);
    return some.length === 0 ? [] : [`${what} that d·cos²θ is ${range(means, 2)} in the mean, where chance has 1`];
  };
  const far = ({ site }: Judged) => site.ordinary.dCos2.mean >= 1;
  return [
    ...told(judged.filter(far), "a few rows lie so far from orthogonal"),
    ...told(
      judged.filter((one) => !far(one)),
      "so few rows lie far from orthogonal",
    ),
  ].join("; elsewhere ");
}

function unconfirmed(judged: readonly Judged[]): string {
  const told = (some: readonly Judged[], nearer: boolean) => {
    if (some.length === 0) return [];
    const counts = some.map(({ verdict: { rank } }) =>
      rank === null ? 0 : nearer ? rank.lower : rank.directions - rank.lower,
    );
    const directions = some[0].verdict.rank?.directions ?? 0;
    const to = `orthogonal to ${range(counts, 0)} of ${directions} random directions than to the uniform vector`;
    return [`the states lie ${nearer ? "nearer to" : "farther from"} ${to}`];
  };
  const low = ({ verdict }: Judged) => suggested(verdict.ratio) === "closer";
  return [
    ...told(judged.filter(low), true),
    ...told(
      judged.filter((one) => !low(one)),
      false,
    ),
  ].join("; elsewhere ");
}
