/** What the figures say in one sentence, which is made from them alone, and notes that a reader has to know beside it. */
import { counted, listed, printable } from "@orthonorm/files";
import { describeExcluded } from "../measure/site.js";
import { median } from "../median.js";
import { decimalsFor, fixed, range } from "../text.js";
import type { Group, Report, Site } from "../types.js";

type Verdict = "closer" | "asFar" | "farther";

/**
 * How the mean |90° − θ| compares with that of random directions of the same d, at the middle one of a model's sites. Within a
 * fifth of chance counts as chance: the mean over forty independent random directions scatters by an eighth.
 */
function verdict(sites: readonly Site[]): Verdict {
  const middle = median(sites.map(ratio));
  if (middle < 0.8) return "closer";
  return middle > 1.25 ? "farther" : "asFar";
}

const ratio = ({ ordinary, null: chance }: Site) => ordinary.deviation.mean / chance.deviation;

const compared: Record<Verdict, string> = { closer: "closer than", asFar: "as far as", farther: "farther than" };

/** The finding leaves out sites that were centred beforehand, whose angle is 90° by construction. */
export function finding({ groups }: Report): string {
  if (groups.length === 0) return "No row with an angle was read.";
  const telling = groups
    .map((group) => ({ ...group, sites: group.sites.filter(({ centred }) => !centred) }))
    .filter(({ sites }) => sites.length > 0);
  if (telling.length === 0) {
    return (
      `${groups.length === 1 ? "These states" : "All these states"} were centred beforehand: every row's mean is zero up to ` +
      "rounding (as TransformerLens leaves it), so the angle of 90° is by construction and says nothing about the model."
    );
  }
  if (telling.length === 1) return aboutOne(telling[0], groups.length === 1);
  return aboutTwins(telling) ?? aboutMany(telling);
}

function aboutOne({ label, sites }: Group, alone: boolean): string {
  const who = alone ? "These states" : `The states of ${printable(label)}`;
  const swap = sites.map(({ ordinary }) => 100 * ordinary.swapPredicted.mean);
  const chance = sharedChance(sites);
  const null_ = chance === null ? "random directions" : `random directions, which lie ${fixed(chance, 2)}° from it`;
  return (
    `${who} lie ${tilts(sites)} from orthogonal to the uniform vector (mean |90°−θ|), ${compared[verdict(sites)]} ` +
    `${null_} (${range(sites.map(ratio), 2)} of that); RMSNorm in LayerNorm's place would change the output by ` +
    `${range(swap, decimalsFor(swap, 2, 0, 2))} %.`
  );
}

/** Two models that differ in the norm they were trained with. */
function aboutTwins(groups: readonly Group[]): string | null {
  const layer = groups.find(({ norm }) => norm === "LayerNorm");
  const rms = groups.find(({ norm }) => norm === "RMSNorm");
  const chance = sharedChance(groups.flatMap(({ sites }) => sites));
  if (groups.length !== 2 || !layer || !rms || chance === null) return null;
  return (
    `Trained with LayerNorm, the states lie ${tilts(layer.sites)} from orthogonal to the uniform vector ` +
    `(mean |90°−θ|), ${compared[verdict(layer.sites)]} the ${fixed(chance, 2)}° of random directions; ` +
    `trained with RMSNorm they lie ${tilts(rms.sites)} from it, ${compared[verdict(rms.sites)]} chance.`
  );
}

function aboutMany(groups: readonly Group[]): string {
  const parts = (["closer", "asFar", "farther"] as const).flatMap((kind) => {
    const named = groups.filter(({ sites }) => verdict(sites) === kind);
    if (named.length === 0) return [];
    const who = listed(
      named.map(({ label }) => printable(label)),
      3,
    );
    return [
      {
        kind,
        who,
        ratios: range(
          named.flatMap(({ sites }) => sites.map(ratio)),
          2,
        ),
      },
    ];
  });
  const [first, ...others] = parts;
  const how = { closer: "closer to", asFar: "as far from", farther: "farther from" }[first.kind];
  const rest = others.map(({ kind, who, ratios }) => {
    return `, those of ${who} ${{ closer: "closer", asFar: "as far", farther: "farther" }[kind]} (${ratios})`;
  });
  return (
    `Against random directions, the states of ${first.who} lie ${how} orthogonal to the uniform vector ` +
    `(mean |90°−θ| ${first.ratios} of theirs)${rest.join("")}.`
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
export function notes({ groups, skipped, complete }: Report): string[] {
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
  const centred = all.filter(({ site }) => site.centred);
  if (centred.length > 0 && centred.length < all.length) {
    found.push(
      `Centred beforehand: ${listed(centred.map(({ name }) => name))}. The mean of every row is zero up to rounding (as TransformerLens leaves it), so the ` +
        "angle is 90° by construction and says nothing about the model.",
    );
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
      const named = printable(several ? `${label.get(source) ?? source} ${tensor}` : tensor);
      byReason.set(reason, [...(byReason.get(reason) ?? []), named]);
    }
    const parts = [...byReason].map(([reason, names]) => `${listed(names, 3)} (${reason})`);
    found.push(`Skipped ${counted(skipped.length, "tensor")}: ${parts.join("; ")}.`);
  }
  return found;
}

function mostFrequent({ mostRepeated: most }: Site): string {
  return most === null
    ? ""
    : `, one vector ${most.exact ? "" : "at least "}${most.count} times, norm ${fixed(most.norm, 2)}, angle ${fixed(most.angle, 2)}°`;
}
