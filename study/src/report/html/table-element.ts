/** A table of the report as an element. */
import { printable } from "@orthonorm/files";
import { labelOf } from "../charts/labels.js";
import { type Make, named } from "./element.js";
import type { Table } from "./tables.js";

export function tableElement(h: Make, { id, title, caption, columns, groups }: Table, number: number): HTMLElement {
  const over: { name: string; span: number }[] = [];
  for (const column of columns) {
    const last = over[over.length - 1];
    if (last?.name === column.over) last.span++;
    else over.push({ name: column.over, span: 1 });
  }
  // The first column of each heading has a rule to its left.
  const first = columns.map((column, i) => column.over !== columns[i - 1]?.over);
  const classed = columns.map(({ kind }, i): Record<string, string> => {
    const classes = [...(kind === "number" ? [] : [kind]), ...(first[i] ? ["first"] : [])];
    return classes.length === 0 ? {} : { class: classes.join(" ") };
  });
  const several = groups.length > 1;
  const bodies = groups.map(({ group, rows }) => {
    const label = labelOf(
      rows.map(({ site }) => site),
      28,
    );
    return h(
      "tbody",
      { "data-model": printable(group.label) },
      several || group.norm !== null
        ? h(
            "tr",
            { class: "model" },
            h(
              "th",
              { colspan: String(columns.length + 1), scope: "rowgroup" },
              h("span", {}, named(h, group.label, 40), group.norm === null ? "" : ` · ${group.norm}`),
            ),
          )
        : null,
      ...rows.map(({ site, apart, cells }) =>
        h(
          "tr",
          apart === null ? {} : { class: "apart" },
          h("th", { scope: "row" }, named(h, site, 28, label(site)), apart === null ? null : ` (${apart})`),
          ...cells.map((cell, i) => h("td", classed[i], cell)),
        ),
      ),
    );
  });
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": `${id}-title` };
  return h(
    "section",
    { class: groups.reduce((sum, { rows }) => sum + rows.length, 0) > 24 ? "table long" : "table", id },
    h(
      "p",
      { class: "caption" },
      h("b", { id: `${id}-title` }, `Table ${number}. ${title}. `),
      caption,
      h("button", { type: "button", class: "scripted save", hidden: "", "data-save": "csv", "data-name": id }, "CSV"),
    ),
    h(
      "div",
      region,
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td"),
            ...over.map(({ name, span }) => {
              if (name === "" || columns.some((column) => column.over === name && column.name === "")) {
                return h("td", { class: "first" });
              }
              return h(
                "th",
                span > 1 ? { colspan: String(span), scope: "colgroup", class: "first" } : { class: "first" },
                name,
              );
            }),
          ),
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "site"),
            ...columns.map((column, i) =>
              h(
                "th",
                { scope: "col", "data-csv": `${column.over} ${column.name}`.trim(), ...classed[i] },
                // A column without a name of its own has that of its heading: no heading is empty.
                column.kind === "sd" ? "± sd" : column.name || column.over,
              ),
            ),
          ),
        ),
        ...bodies,
      ),
    ),
  );
}
