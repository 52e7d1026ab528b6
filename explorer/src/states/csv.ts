/** The table of sites as CSV (RFC 4180): numbers as they are, for a program to read. */
import type { Report, Site } from "@orthonorm/study";

/** Named as in the JSON; angles in degrees. */
const columns: Record<string, (site: Site) => string | number> = {
  site: ({ site }) => site,
  dtype: ({ dtype }) => dtype,
  cols: ({ cols }) => cols,
  rows: ({ rows }) => rows,
  counted: ({ ordinary }) => ordinary.rows,
  "angle.mean": ({ ordinary }) => ordinary.angle.mean,
  "angle.sd": ({ ordinary }) => ordinary.angle.sd,
  "deviation.mean": ({ ordinary }) => ordinary.deviation.mean,
  "null.deviation": ({ null: chance }) => chance.deviation,
  "dCos2.mean": ({ ordinary }) => ordinary.dCos2.mean,
  "norm.median": ({ ordinary }) => ordinary.norm.median,
};

export function toCsv({ groups }: Report): string {
  const lines = groups.flatMap(({ label, sites }) =>
    sites.map((site) => [label, ...Object.values(columns).map((of) => of(site))]),
  );
  return [["model", ...Object.keys(columns)], ...lines].map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
