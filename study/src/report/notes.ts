/** Notes that a reader has to know beside the finding. */
import { counted, listed, printable } from "@orthonorm/files";
import { tellingCentred } from "../measure/centred.js";
import { describeExcluded } from "../measure/site.js";
import { fixed } from "../text.js";
import type { Group, Report, Site } from "../types.js";
import { withoutBias } from "./without-bias.js";

/** Notes on what a figure does not include or cannot show: a stopped study, centred states, excluded rows, skipped tensors. */
export function notes(report: Report): string[] {
  const { groups, skipped, complete, hints } = report;
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
    const which = centred.map(({ name, site }) =>
      site.centredRows === site.ordinary.rows ? name : `${name} (${centredOf(site)})`,
    );
    found.push(
      `Centred beforehand: ${listed(which)}. The mean of these rows is zero up to rounding (as TransformerLens leaves it), so the ` +
        "angle is 90° by construction and says nothing about the model.",
    );
  }
  const partly = all.filter(({ site }) => !site.centred && someCentred(site));
  if (partly.length > 0) {
    const which = partly.map(({ name, site }) => `${name} (${centredOf(site)})`);
    found.push(
      `Centred beforehand in part: ${listed(which)}. The mean of these rows is zero up to rounding, and their angle is 90° by ` +
        "construction. The figures count them as the others.",
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
      `Massive rows, left out of the figures: ${listed(which)}. A row is massive above eight times the power of two at or above the site's median norm (attention sinks are).`,
    );
  }
  const repeated = all.filter(({ site }) => site.apart.repeated > 0);
  if (repeated.length > 0) {
    const which = repeated.map(
      ({ name, site }) =>
        `${name} (${site.repeatedExactly ? "" : "at least "}${counted(site.apart.repeated, "copy", "copies")}${mostFrequent(site)})`,
    );
    found.push(
      `Repeated rows, counted once: ${listed(which)}. A vector that makes up 5 % of a site's rows or more counts once; where a model has one, 2.5 % is enough at its other sites.`,
    );
  }
  const alike = all.filter(({ site }) => site.apart.repeated === 0 && site.repeatedShare >= 0.005);
  if (alike.length > 0) {
    const which = alike.map(({ name, site }) => {
      const about = site.repeatsKnown ? "" : "about ";
      return `${name} (${about}${fixed(100 * site.repeatedShare, 0)} % of the rows${mostFrequent(site)})`;
    });
    found.push(`Rows that repeat an earlier one, all of them counted: ${listed(which)}.`);
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
  found.push(...withoutBias(report));
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

function centredOf({ centredRows, ordinary }: Site): string {
  return `${centredRows} of ${counted(ordinary.rows, "row")}`;
}

function someCentred({ dtype, cols, centredRows, ordinary }: Site): boolean {
  return centredRows > 0 && centredRows >= tellingCentred(dtype, cols, ordinary.rows);
}
