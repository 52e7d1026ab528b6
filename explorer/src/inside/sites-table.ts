/** The map in words: per norm the mean over the tokens, and the token that lies farthest off. */
import { fixed } from "../geometry/numbers.js";
import { make } from "../page.js";
import type { Reader } from "./reader.js";
import { shownToken, siteWords } from "./words.js";

export function sitesTable(readers: readonly Reader[]): HTMLTableElement {
  const shown = readers.filter(({ read, opened }) => read !== undefined && opened !== undefined);
  const head = shown.flatMap(({ name }) => [`${name}: mean over chance`, "largest", "at"]);
  const count = Math.max(...shown.map(({ opened }) => opened?.sites ?? 0));
  const rows = Array.from({ length: count }, (_, site) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, siteWords(site, count)),
      ...shown.flatMap((reader) => cellsOf(reader, site).map((words) => make("td", {}, words))),
    ),
  );
  return make(
    "table",
    { class: "norms" },
    make("thead", {}, make("tr", {}, ...["norm", ...head].map((words) => make("th", { scope: "col" }, words)))),
    make("tbody", {}, ...rows),
  );
}

function cellsOf({ read }: Reader, site: number): [string, string, string] {
  const { tokens, ratios } = read as NonNullable<Reader["read"]>;
  const own = Array.from(tokens.keys(), (token) => ({ token, ratio: ratios[site * tokens.length + token] })).filter(
    ({ ratio }) => !Number.isNaN(ratio),
  );
  if (own.length === 0) return ["none", "", ""];
  const mean = own.reduce((sum, { ratio }) => sum + ratio, 0) / own.length;
  const largest = own.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  return [fixed(mean, 2), fixed(largest.ratio, 2), `${largest.token + 1} ${shownToken(tokens[largest.token])}`];
}
