import { typeError, verbatim } from "./check.js";

// What options are called in other libraries, or by a user who writes from memory.
const SYNONYMS: Readonly<Record<string, string>> = {
  weight: "gamma scale",
  bias: "beta shift",
  eps: "epsilon variance_epsilon",
  cols: "axis axes dim normalizedShape normalized_shape shape columns",
  residual: "add",
  out: "output",
  rstd: "invStd",
  maximumBytes: "maxBytes",
};

/**
 * Refuses options that are not a plain object, or that have a name outside `names`. Such a name would be ignored in
 * silence, and the user would get the result of another call than the one they meant.
 */
export function checkNames(op: string, names: readonly string[], options: unknown): void {
  if (typeof options === "object" && options !== null) {
    const prototype = Object.getPrototypeOf(options);
    // a plain object of any realm; the contents of an array, a Map, a Tensor or an Engine in its place would be ignored
    if (prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null) {
      for (const name in options) if (!names.includes(name)) throw unknown(op, names, name);
      return;
    }
  }
  throw typeError(op, "options", `an object of ${names.join(", ")}`, options);
}

function unknown(op: string, names: readonly string[], name: string): TypeError {
  const likely = likelyName(names, name);
  const hint = likely === undefined ? "" : ` (${likely}?)`;
  return typeError(op, "options", names.join(", "), verbatim(JSON.stringify(name) + hint));
}

/** The name that the user probably meant: a synonym, another spelling, or a name that differs by a letter or two. */
function likelyName(names: readonly string[], name: string): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
  const written = plain(name);
  const distances = names.map((one) => distance(plain(one), written));
  const least = Math.min(...distances);
  return (
    names.find((one) => SYNONYMS[one]?.split(" ").includes(name)) ??
    (least <= Math.max(1, name.length >> 2)
      ? names[distances.indexOf(least)]
      : written.length > 2
        ? names.find((one) => plain(one).includes(written))
        : undefined)
  );
}

/** How many letters must be inserted, deleted or changed to make one text of the other (the Levenshtein distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
