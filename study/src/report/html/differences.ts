/** The table of two or more models beside each other: how far from orthogonal over chance, and by how much they differ. */
import { decimalsFor, fixed } from "../../text.js";
import type { Report, Site } from "../../types.js";
import { matched, overChance } from "../charts/models.js";
import { nameOf, tellingOf } from "../charts/series.js";
import { type Column, nothing, type Table } from "./tables.js";

export function differences(report: Report): Table[] {
  const groups = report.groups.filter((group) => tellingOf(group).length > 0);
  if (groups.length < 2) return [];
  const { by, matches } = matched(groups);
  const [first, ...others] = groups;
  const share = ({ ordinary, cols }: Site) => (100 * ordinary.dCos2.mean) / cols;
  const times = (site: Site | null, of: Site | null) => (site && of ? overChance(site) / overChance(of) : null);
  const parts = [
    ...groups.map((group, i) => ({
      column: { over: "|90° − θ| over chance", name: nameOf(group), kind: "number" as const },
      values: matches.map(({ sites }) => sites[i] && overChance(sites[i])),
    })),
    ...others.map((group, i) => ({
      column: { over: `times that of ${nameOf(first)}`, name: nameOf(group), kind: "number" as const },
      values: matches.map(({ sites }) => times(sites[i + 1], sites[0])),
    })),
    ...groups.map((group, i) => ({
      column: { over: "share of ‖x‖² in the mean, %", name: nameOf(group), kind: "number" as const },
      values: matches.map(({ sites }) => sites[i] && share(sites[i])),
    })),
  ];
  const written = parts.map(({ values }) => {
    const decimals = decimalsFor(
      values.filter((value) => value !== null),
      3,
      2,
    );
    return values.map((value) => (value === null || !Number.isFinite(value) ? nothing : fixed(value, decimals)));
  });
  const columns: Column[] = parts.map(({ column }) => column);
  return [
    {
      id: "table-models",
      title: "The models beside each other",
      caption: `Sites matched by ${by === "name" ? "their names" : "their share of the depth, in the order of each model"}. Mean |90° − θ| over that of random directions, how many times the first model’s it is, and the mean’s share of the squared norm, cos²θ.`,
      columns,
      groups: [
        {
          group: { ...first, label: groups.map(nameOf).join(", "), norm: null },
          rows: matches.map(({ name }, i) => ({ site: name, apart: null, cells: written.map((cells) => cells[i]) })),
        },
      ],
    },
  ];
}
