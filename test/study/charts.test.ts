// The report's figures: what they show, for any report and any names.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { printable } from "@orthonorm/files";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { depthOf, placesOf, runsOf } from "../../study/src/report/charts/depth.js";
import { figuresOf } from "../../study/src/report/charts/figures.js";
import { labelsApart } from "../../study/src/report/charts/labels.js";
import { matched, overChance } from "../../study/src/report/charts/models.js";
import { htmlReport } from "../../study/src/report/html/page.js";
import { toJson } from "../../study/src/report/json.js";
import { judgedSites, verdictOf } from "../../study/src/report/verdict.js";
import type { Group, Report } from "../../study/src/types.js";
import {
  blank,
  cellsOf,
  documentOf,
  everyFigure,
  figureIds,
  options,
  pages,
  reports,
} from "../support/report-pages.js";

describe("the parts", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));

  test("the charts are a page's as well: nothing of Node in what they import", () => {
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, name] of readFileSync(file, "utf8").matchAll(/ from "([^"]+)"/g)) {
        if (name.startsWith(".")) visit(join(dirname(file), name.replace(/\.js$/, ".ts")));
        else if (name === "@orthonorm/files") visit(join(root, "files/src/index.ts"));
        else expect(name, file).toBe("@observablehq/plot");
      }
    };
    visit(join(root, "study/src/report/charts/figures.ts"));
    expect(seen.size).toBeGreaterThan(4);
  });

  test("the built report is this one, and its licences are beside it", async () => {
    const built = await import(pathToFileURL(join(root, "dist/cli/report.js")).href);
    expect(built.htmlReport(reports.one, options)).toBe(htmlReport(reports.one, options));
    const licences = readFileSync(join(root, "dist/cli/THIRD-PARTY.txt"), "utf8");
    for (const name of ["@fontsource-variable/inter 5.3.0", "@observablehq/plot 0.6.17", "linkedom 0.18.15"]) {
      expect(licences).toContain(name);
    }
    // The command line itself stays without them.
    expect(readFileSync(join(root, "dist/cli/orthonorm.js"), "utf8")).not.toContain("font/woff2");
  });
});

describe("the figures", () => {
  test("are there as the data says", () => {
    expect(figureIds(pages.twins)).toEqual(everyFigure);
    expect(figureIds(pages.one)).toEqual(everyFigure);
    expect(figureIds(pages.deep)).toEqual(everyFigure);
    expect(figureIds(pages.unweighted)).toEqual([
      "ratio",
      "angle",
      "histograms",
      "share",
      "norm",
      "rotation",
      "tokens",
    ]);
    expect(figureIds(pages.centred)).toEqual(["angle", "swap", "norm", "rotation", "lost", "recovered"]);
  });

  test("a report without a row to draw has none", () => {
    const group = reports.twins.groups[0];
    const empty = (site: (typeof group.sites)[0]) => ({
      ...site,
      ordinary: { ...site.ordinary, rows: 0 },
      sample: null,
    });
    const bare: Report = { ...reports.twins, groups: [{ ...group, sites: group.sites.map(empty) }] };
    expect(figuresOf(bare, blank())).toEqual([]);
    expect(figuresOf({ ...bare, groups: [] }, blank())).toEqual([]);
    const html = htmlReport(bare, options);
    expect(cellsOf(html, "table-angle", "ln_f")["before the norm mean"]).toBe("–");
  });

  test("captions begin with what the figure shows", () => {
    const captions = Object.fromEntries(figuresOf(reports.twins, blank()).map(({ id, caption }) => [id, caption]));
    expect(captions.share).toMatch(
      /^The mean carries 0\.16–0\.36\s% \(ln\/states\) and 0\.73–1\.01\s% \(rms\/states\) of the vectors’ squared norm: 0\.21–0\.46 \(ln\/states\) and 0\.94–1\.30 \(rms\/states\) times/,
    );
    expect(captions.angle).toMatch(
      /^At every site the median state lies within 0\.5° \(ln\/states\) and 2\.4° \(rms\/states\) of orthogonal/,
    );
    expect(captions.angle).toContain("90° ± 5.08°");
    expect(figuresOf(reports.centred, blank())[0].caption).toMatch(/^Every angle is 90° by construction/);
  });

  test("nothing is said of fits that too few rows allow none of", () => {
    const [, few] = reports.few.groups;
    expect(few.sites[0].sample).toMatchObject({ rows: 10, lost: null, recovered: null });
    const key = [...documentOf(pages.few).querySelectorAll(".key tbody tr")].map((tr) =>
      [...tr.children].map(({ textContent }) => textContent),
    );
    expect(key.at(-1)).toEqual([
      "Scale and shift recover after LayerNorm, R² in-sample",
      expect.stringMatching(/^0\.\d/),
      "–",
      "–",
    ]);
    const [lost] = figuresOf(reports.few, blank()).filter(({ id }) => id === "lost");
    expect(lost.caption).toMatch(/projection forgets [\d.–]+\u00a0% and its scaling [\d.–]+\u00a0%\./);
  });

  test("marks stand at the numbers of the report", () => {
    // cos²θ: the axis begins at 0, so that heights are to each other as the numbers are.
    const group = {
      ...reports.twins.groups[0],
      sites: reports.twins.groups[0].sites.filter((_, i) => i % 2 === 0 && i < 8),
    };
    const svg = figuresOf({ ...reports.twins, groups: [group] }, blank()).find(({ id }) => id === "share")
      ?.svg as Element;
    const heights = [...svg.querySelectorAll("[data-mark=dot] circle")].map((dot) => Number(dot.getAttribute("cy")));
    const ruler = [...svg.querySelectorAll("[data-mark='y-grid'] line")].map((line) => Number(line.getAttribute("y1")));
    const zero = Math.max(...ruler);
    expect(heights).toHaveLength(4);
    for (const [i, { ordinary }] of group.sites.entries()) {
      const expected = ordinary.dCos2.mean / group.sites[0].ordinary.dCos2.mean;
      expect((zero - heights[i]) / (zero - heights[0])).toBeCloseTo(expected, 2);
    }
  });

  test("the answer has the interval of each site that has one, for one model as for two", () => {
    const { groups } = reports.twins;
    const judged = judgedSites(reports.twins);
    const svg = figuresOf(reports.twins, blank())[0].svg as Element;
    const titles = [...svg.querySelectorAll("title")].map(({ textContent }) => textContent ?? "");
    expect(titles).toHaveLength(18);
    for (const { sites, label } of groups) {
      for (const site of sites) {
        const { ratio, interval } = verdictOf(site, { judged });
        const { low, high } = interval ?? { low: 0, high: 0 };
        const said = `${site.site}\n${ratio.toPrecision(4)} of chance, interval ${low.toFixed(2)}–${high.toFixed(2)}; verdict: `;
        expect(
          titles.some((title) => title.startsWith(said.slice(0, -30))),
          `${label} ${said}`,
        ).toBe(true);
      }
    }
    // A line and two caps for each of the nine sites of a model, in the series of its kinds.
    const whiskers = [...svg.querySelectorAll("[data-part='ln/states'][data-mark=rule] line")];
    expect(whiskers).toHaveLength(27);
    const of = verdictOf(groups[0].sites[8], { judged }).interval ?? { low: 1, high: 1 };
    const stem = whiskers
      .map((line) => ["y1", "y2"].map((end) => Number(line.getAttribute(end))))
      .filter(([a, b]) => a !== b)
      .at(-1) as number[];
    // On a logarithmic axis lengths are ratios: chance is at 1, halfway by its own ratio.
    const one = Number(
      svg
        .querySelector("[data-part=chance][data-mark=line] path")
        ?.getAttribute("d")
        ?.match(/,([\d.]+)/)?.[1],
    );
    const [top, bottom] = [Math.min(...stem), Math.max(...stem)];
    expect((bottom - one) / (top - one)).toBeCloseTo(Math.log(of.low) / Math.log(of.high), 1);
    expect(figuresOf({ ...reports.twins, groups: groups.slice(0, 1) }, blank())[0].id).toBe("ratio");
  });

  test("each of 99 directions is a line, the uniform vector a mark among them", () => {
    const [ln] = reports.twins.groups;
    const site = ln.sites[0];
    const { each, lower, meanAbsCos } = site.sample?.uniformRank ?? { each: [], lower: -1, meanAbsCos: 0 };
    expect(each).toHaveLength(99);
    expect(each).toEqual([...each].sort((a, b) => a - b));
    expect(each.filter((one) => one < meanAbsCos)).toHaveLength(lower);
    const report = { ...reports.twins, groups: [{ ...ln, sites: [site] }] };
    const svg = figuresOf(report, blank()).find(({ id }) => id === "rank")?.svg as Element;
    const path = [...svg.querySelectorAll("[data-part=chance][data-mark=line] path")].map(
      (one) => one.getAttribute("d") ?? "",
    );
    expect(Math.max(...path.map((d) => d.match(/M/g)?.length ?? 0))).toBe(99);
    expect(toJson(reports.twins)).not.toContain('"each"');
  });

  test("fewer than a hundred rows are dots, one for each", () => {
    const { groups } = reports.models;
    const [{ sites }] = groups;
    expect(sites[0].ordinary.angle.values).toHaveLength(sites[0].ordinary.rows);
    expect(reports.twins.groups[0].sites[0].ordinary.angle.values).toBeNull();
    const report = { ...reports.models, groups: [{ ...groups[0], sites: sites.slice(0, 1) }] };
    for (const id of ["angle", "histograms"]) {
      const svg = figuresOf(report, blank()).find((figure) => figure.id === id)?.svg as Element;
      const dots = [...svg.querySelectorAll("[data-mark=line]")].filter((one) =>
        /stroke-width="3\.[24]"/.test(one.outerHTML),
      );
      expect(dots).toHaveLength(1);
      expect(dots[0].innerHTML.match(/M/g)).toHaveLength(sites[0].ordinary.rows);
    }
  });

  test("colours are the theme's variables and nothing else", () => {
    const theme = readFileSync(
      fileURLToPath(new URL("../../study/src/report/charts/theme.css", import.meta.url)),
      "utf8",
    );
    for (const report of [reports.twins, reports.massive, reports.unweighted]) {
      for (const { svg } of figuresOf(report, blank())) {
        for (const [, name] of svg.outerHTML.matchAll(/var\((--[a-z]+)\)/g)) expect(theme).toContain(`${name}:`);
        const paints = [...svg.outerHTML.matchAll(/ (?:fill|stroke)="([^"]+)"/g)].map((match) => match[1]);
        expect(paints.filter((paint) => !/^(none|currentColor|var\(--[a-z]+\))$/.test(paint))).toEqual([]);
      }
    }
  });

  test("norms of two kinds are series of their own", () => {
    const kinds = (group: Group) => runsOf(group).map(({ kind, places }) => [kind, places.length]);
    expect(kinds(reports.deep.groups[0])).toEqual([
      ["ln_1", 48],
      ["ln_2", 48],
    ]);
    expect(kinds(reports.twins.groups[0])).toEqual([
      ["ln_1", 4],
      ["ln_2", 4],
      ["", 1],
    ]);
    expect(kinds(reports.models.groups[1])).toEqual([["", 12]]);
    expect(kinds(reports.one.groups[0])).toEqual([["", 1]]);
  });

  test("depth is read off the names", () => {
    const { ticks, format, label } = depthOf(reports.twins.groups, 330);
    expect([label, ticks.map(format)]).toEqual(["layer", ["0", "1", "2", "3", "ln_f"]]);
    expect(placesOf(reports.twins.groups[0]).map(({ layer }) => layer)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, null]);
    const deep = depthOf(reports.deep.groups, 330);
    expect(deep.ticks.length).toBeLessThan(12);
    expect(deep.ticks.map(deep.format).slice(0, 3)).toEqual(["0", "8", "16"]);
    expect(depthOf(reports.models.groups, 700).label).toBe("site, in the order of the files");
  });

  test("only layers are joined by a line and called a depth", () => {
    const { sites } = reports.twins.groups[0];
    const named = (names: string[]) => ({
      ...reports.twins.groups[0],
      sites: names.map((site, i) => ({ ...sites[i], site })),
    });
    const draw = (names: string[]) => figuresOf({ ...reports.twins, groups: [named(names)] }, blank())[1];
    const lines = ({ svg }: { svg: Element }) => svg.querySelectorAll("[data-mark=line]").length;
    const parts = draw(["query", "key", "value"]);
    expect(parts.title).toBe("Angle to the uniform vector by site");
    const layers = draw(["layers.0", "layers.1", "layers.2"]);
    expect(layers.title).toBe("Angle to the uniform vector against depth");
    expect(lines(layers)).toBe(lines(parts) + 1);
    const joined = (names: string[]) => runsOf(named(names)).map((run) => [run.places.length, run.joined]);
    expect(joined(["hey_1", "hey_2", "hey_3"])).toEqual([[3, false]]);
    expect(joined(["block_7_out", "block_8_out", "final"])).toEqual([
      [2, true],
      [1, false],
    ]);
    expect(joined(["hidden_states[0]", "hidden_states[1]"])).toEqual([[2, true]]);
  });

  test("sites that no line joins have marks of their own: whiskers, steps of chance, and no two series with one mark", () => {
    const [{ sites, ...group }] = reports.twins.groups;
    const draw = (names: string[], norm: "LayerNorm" | null) => {
      const places = names.map((site, i) => {
        const [sd, cols] = [sites[i].null.sd * (1 + i), 128 >> i];
        return { ...sites[i], site, cols, null: { ...sites[i].null, sd } };
      });
      return new Map(
        figuresOf({ ...reports.twins, groups: [{ ...group, norm, sites: places }] }, blank()).map((figure) => [
          figure.id,
          figure,
        ]),
      );
    };
    const marks = (svg: Element, mark: string) => [...svg.querySelectorAll(`[data-mark=${mark}]`)];
    const parts = draw(["query", "key", "value"], null);
    const angle = parts.get("angle")?.svg as Element;
    // The only area is chance's; each site has one line and two caps.
    expect(marks(angle, "area")).toHaveLength(1);
    expect(marks(angle, "rule").flatMap((one) => [...one.querySelectorAll("line")])).toHaveLength(9);
    expect(parts.get("angle")?.caption).toContain("whiskers: its quartiles");
    // Chance is level at each site: all points of its outline come in pairs of one height.
    const outline =
      (marks(angle, "line")[0].querySelector("path")?.getAttribute("d") ?? "").match(/[\d.]+,[\d.]+/g) ?? [];
    expect(outline).toHaveLength(6);
    const edges =
      (marks(angle, "area")[0].querySelector("path")?.getAttribute("d") ?? "").match(/[\d.]+,[\d.]+/g) ?? [];
    const heights = edges.slice(0, 6).map((point) => point.split(",")[1]);
    expect(new Set(heights).size).toBe(3);
    expect([0, 2, 4].every((at) => heights[at] === heights[at + 1])).toBe(true);
    for (const norm of [null, "LayerNorm"] as const) {
      const svg = draw(["query", "key", "value"], norm).get("norm")?.svg as Element;
      const looks = marks(svg, "dot").map(({ firstElementChild: dot }) =>
        ["fill", "stroke"].map((paint) => dot?.getAttribute(paint)).join(" "),
      );
      expect(looks).toHaveLength(3);
      expect(new Set(looks).size).toBe(3);
      const places = marks(svg, "dot").flatMap((dot) =>
        [...dot.querySelectorAll("circle")].map((one) => one.getAttribute("cx")),
      );
      expect(new Set(places).size).toBe(9);
    }
    const layers = draw(["layers.0", "layers.1", "layers.2"], null).get("angle");
    expect(marks(layers?.svg as Element, "area")).toHaveLength(2);
    expect(layers?.caption).toContain("bar or band: its quartiles");
  });

  test("tokens in order have a heat map, whose classes diverge from chance", () => {
    const [ln] = reports.twins.groups;
    const chance = ln.sites[0].null.deviation;
    const withTokens = (values: (number | null)[]) => ({
      ...reports.twins,
      groups: [{ ...ln, sites: ln.sites.slice(0, 2).map((site) => ({ ...site, tokens: values })) }],
    });
    const map = (values: (number | null)[]) => figuresOf(withTokens(values), blank()).find(({ id }) => id === "tokens");
    const found = map([0.01 * chance, chance, 8 * chance, null]);
    const svg = found?.svg as SVGSVGElement;
    const cells = [...svg.querySelectorAll("path")].map((path) => [
      path.getAttribute("stroke"),
      path.getAttribute("d")?.match(/M/g)?.length,
    ]);
    // A path for each class, with a stroke for each of the two sites.
    expect(cells).toEqual(["--orthogonal", "--rule", "--uniform"].map((name) => [`var(${name})`, 2]));
    const lines = [...svg.querySelectorAll("[data-cells]")];
    expect(lines.map((line) => line.getAttribute("data-cells"))).toEqual(["1 100 800 ", "1 100 800 "]);
    expect(lines.map((line) => line.textContent?.split("\n")[0])).toEqual(ln.sites.slice(0, 2).map(({ site }) => site));
    expect(found?.caption).toMatch(
      /^25\.0 % of the states lie at twice chance or more; the largest is row 2 at h\.0\.ln_1, 8\.0/,
    );
    expect(map([chance, 0.5 * chance])?.caption).toMatch(
      /^No state lies at twice chance or more; the largest is row 0 /,
    );
    expect(map([chance])).toBeUndefined();
  });

  test("the heat map of a long text has means of rows, as many as can be seen", () => {
    const [ln] = reports.twins.groups;
    const site = ln.sites[0];
    const values = Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? 0 : 2) * site.null.deviation);
    const report = { ...reports.twins, groups: [{ ...ln, sites: [{ ...site, tokens: values }] }] };
    for (const width of [760, 358]) {
      const svg = figuresOf(report, blank(), width).find(({ id }) => id === "tokens")?.svg as SVGSVGElement;
      const line = svg.querySelector("[data-cells]") as Element;
      const cells = (line.getAttribute("data-cells") as string).split(" ").map(Number);
      const join = Number(svg.getAttribute("data-rows-per-cell"));
      const cellWidth = Number(svg.getAttribute("data-cell-width"));
      expect(cells).toHaveLength(Math.ceil(500 / join));
      expect(cellWidth).toBeGreaterThanOrEqual(3);
      expect((cellWidth * 500) / join).toBeCloseTo(Number(line.getAttribute("width")), 6);
      const first = values.slice(0, join).reduce((sum, tilt) => sum + tilt) / join;
      expect(cells[0]).toBe(Math.round((100 * first) / site.null.deviation));
    }
  });

  test("sites whose names differ in the middle have labels that differ", () => {
    const { sites } = reports.twins.groups[0];
    const names = Array.from({ length: 9 }, (_, i) => `model.layers.${i}.input_layernorm`);
    const group = { ...reports.twins.groups[0], sites: names.map((site, i) => ({ ...sites[i], site })) };
    const report = { ...reports.twins, groups: [group] };
    for (const width of [760, 358]) {
      const figures = figuresOf(report, blank(), width).filter(({ id }) => id === "tokens" || id === "histograms");
      expect(figures).toHaveLength(2);
      for (const { svg } of figures) {
        const texts = [...svg.querySelectorAll("text")].map(({ textContent }) => textContent ?? "");
        const labels = texts.filter((text) => text.includes("input"));
        expect(new Set(labels).size).toBe(9);
      }
    }
    const heads = [
      ...documentOf(htmlReport(report, options)).querySelectorAll("#table-angle tbody tr:not(.model) bdi"),
    ];
    expect(new Set(heads.map(({ textContent }) => textContent)).size).toBe(9);
    expect(heads.map((head) => head.getAttribute("title"))).toEqual(names);
  });

  test("models match by name, else by depth; the table has their ratios", () => {
    expect(matched(reports.twins.groups).by).toBe("name");
    const { by, matches } = matched(reports.models.groups);
    expect([by, matches[0].name, matches.at(-1)?.name]).toEqual(["depth", "0 % of the depth", "100 % of the depth"]);
    const [ln, rms] = reports.twins.groups;
    const name = ln.sites[2].site;
    const cells = Object.values(cellsOf(pages.twins, "table-models", name));
    const ratios = [ln, rms].map(({ sites }) => overChance(sites[2]));
    for (const [at, ratio] of [...ratios, ratios[1] / ratios[0]].entries()) {
      expect(Math.abs(Number(cells[at]) / ratio - 1)).toBeLessThan(0.005);
    }
  });

  test("two models of one name can be told apart", () => {
    const [ln, rms] = reports.twins.groups;
    const same = { ...reports.twins, groups: [ln, { ...rms, label: ln.label }] };
    const heads = [...documentOf(htmlReport(same, options)).querySelectorAll(".key thead bdi")];
    expect(heads.map(({ textContent }) => textContent)).toEqual(["ln/states (1)", "ln/states (2)"]);
    const long = (middle: string) => `${"a".repeat(30)}${middle}${"z".repeat(30)}`;
    const labels = labelsApart([long("1"), long("2"), "b"], 12);
    expect(labels).toEqual([`…1${"z".repeat(10)}`, `…2${"z".repeat(10)}`, "b"]);
  });

  test("states that were centered have a median angle of their own, though a cell of the grid holds them all", () => {
    for (const { ordinary } of reports.centred.groups[0].sites) {
      const { min, q1, median, q3, max } = ordinary.deviation;
      expect(max).toBeLessThan(0.02);
      expect([min, q1, median, q3, max].every((value, i, all) => i === 0 || value > all[i - 1])).toBe(true);
    }
  });

  test("any names give an axis and a figure", () => {
    const { sites } = reports.twins.groups[0];
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 20 }), { minLength: 1, maxLength: 9 }), (names) => {
        const group = { ...reports.twins.groups[0], sites: names.map((site, i) => ({ ...sites[i], site })) };
        const placed = runsOf(group).flatMap(({ places }) => places.map(({ index }) => index));
        expect(placed.sort()).toEqual(names.map((_, i) => i));
        const { ticks, format } = depthOf([group], 330);
        for (const tick of ticks) expect(format(tick)).toBe(printable(format(tick)));
        const html = htmlReport({ ...reports.twins, groups: [group] }, options);
        const shown = [...documentOf(html).querySelectorAll("#table-angle tbody tr:not(.model) th")];
        expect(shown.map(({ textContent }) => textContent)).toEqual(
          names.map((name) => expect.stringContaining(printable(name).slice(0, 5))),
        );
      }),
      { numRuns: 6, seed: 5 },
    );
  });
});
