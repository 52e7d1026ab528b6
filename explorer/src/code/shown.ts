/** A value as the page prints it, numbers to five digits. */
export function shown(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(5)));
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return shown(Array.from(value as Float32Array));
  if (value instanceof Error || typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name}: ${shown(part)}`)
    .join("\n");
}
