/** Labels for names of unknown origin: short, and never the same for two names. */
import { printable } from "@orthonorm/files";
import { shorten } from "../../text.js";
import type { Group } from "../../types.js";

/** The names in `width` characters. Where their ends do not tell two apart, the part that does is shown, else they are numbered. */
export function labelsApart(names: readonly string[], width: number): string[] {
  const labels = names.map((name) => shorten(printable(name), width));
  const places = new Map<string, number[]>();
  for (const [i, label] of labels.entries()) {
    const alike = places.get(label);
    if (alike === undefined) places.set(label, [i]);
    else alike.push(i);
  }
  for (const alike of places.values()) {
    if (alike.length === 1) continue;
    const whole = alike.map((i) => [...printable(names[i])]);
    const from = whole[0].findIndex((character, at) => whole.some((name) => name[at] !== character));
    const parts = whole.map((name) => `…${name.slice(Math.max(0, from), from + width - 1).join("")}`);
    const told = from > 0 && new Set(parts).size === parts.length;
    for (const [place, i] of alike.entries()) {
      labels[i] = told ? parts[place] : `${shorten(printable(names[i]), Math.max(4, width - 4))} (${place + 1})`;
    }
  }
  return labels;
}

/** The label of each name, where names may come twice and then have the same. */
export function labelOf(names: readonly string[], width: number): (name: string) => string {
  const distinct = [...new Set(names)];
  const labels = labelsApart(distinct, width);
  const byName = new Map(distinct.map((name, i) => [name, labels[i]]));
  return (name) => byName.get(name) as string;
}

/** The width of the narrowest place for a model's name. */
const narrowest = 24;

/** The groups, with other labels where two would read the same: two files of one name, say, dropped from two folders. */
export function toldApart(groups: readonly Group[]): Group[] {
  const labels = labelsApart(
    groups.map(({ label }) => label),
    narrowest,
  );
  const plain = groups.map(({ label }) => shorten(printable(label), narrowest));
  return groups.map((group, i) => (labels[i] === plain[i] ? group : { ...group, label: labels[i] }));
}
