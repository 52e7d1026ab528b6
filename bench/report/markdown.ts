/** Markdown, line by line. */

export type Alignment = "left" | "right";

/** A table whose first column is to the left and whose others are to the right, unless said. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Alignment[] = head.map((_, i) => (i === 0 ? "left" : "right")),
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(align.map((side) => (side === "right" ? "--:" : "---"))), ...rows.map(line), ""];
}

/** A list of things in a sentence. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}
