/** Words for messages about files. */

/** A name of a megabyte would fill the screen, and be no name to anybody. */
const longestName = 1000;

/**
 * A name as it can be shown. Names come from files of unknown origin: a control character in a tensor's name could move the
 * cursor or recolour the terminal, and a right-to-left mark could reorder a line. Such characters are shown as escapes.
 */
export function printable(name: string): string {
  const shown = name.length > longestName ? `${name.slice(0, longestName)}…` : name;
  return shown.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, "0")}`,
  );
}

/** The names one after another, at most `limit` of them: "a, b, c and 4 more". */
export function listed(names: readonly string[], limit = 4): string {
  if (names.length <= limit) return names.join(", ");
  return `${names.slice(0, limit).join(", ")} and ${names.length - limit} more`;
}

/** "1 tensor", "2 tensors". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

const natural = new Intl.Collator("en", { numeric: true });

/** Compares names so that the numbers in them count as numbers: h.2 comes before h.10. */
export function naturally(a: string, b: string): number {
  return natural.compare(a, b);
}
