/** Labels for names of unknown origin: short, and never the same for two names. */
import { printable } from "@orthonorm/files";
import { shorten } from "../../text.js";
import type { Group } from "../../types.js";

/** The names in `width` characters. Where their ends do not tell two apart, the part that does is shown, else they are numbered. */
export function labelsApart(names: readonly string[], width: number): string[] {
  const short = names.map((name) => shorten(printable(name), width));
  return short.map((label, i) => {
    const alike = names.map((_, j) => j).filter((j) => short[j] === label);
    if (alike.length === 1) return label;
    const whole = alike.map((j) => [...printable(names[j])]);
    const from = whole[0].findIndex((character, at) => whole.some((name) => name[at] !== character));
    const parts = whole.map((name) => `…${name.slice(Math.max(0, from), from + width - 1).join("")}`);
    const place = alike.indexOf(i);
    if (from > 0 && new Set(parts).size === parts.length) return parts[place];
    return `${shorten(printable(names[i]), Math.max(4, width - 4))} (${place + 1})`;
  });
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
