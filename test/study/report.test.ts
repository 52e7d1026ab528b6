// The HTML report, on the twins' real states and on reports that have more, less or other than they have.

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { printable } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import { htmlReport } from "../../study/src/report/html/page.js";
import { tablesOf } from "../../study/src/report/html/tables.js";
import { judgedSites, verdictOf } from "../../study/src/report/verdict.js";
import { cellsOf, documentOf, everyFigure, options, pages, reports } from "../support/report-pages.js";
import { hostileNames } from "../support/sample-report.js";

describe.each(Object.keys(reports))("the report %s", (name) => {
  const html = pages[name];
  const document = documentOf(html);
  const sites = reports[name].groups.flatMap((group) => group.sites);

  test("is one file under 1 MB that loads nothing", () => {
    expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
    expect(html).not.toMatch(/https?:/);
    expect(document.querySelectorAll("img, iframe, link, object, embed, base, video, audio, use, image").length).toBe(
      0,
    );
    for (const element of document.querySelectorAll("[href], [src], [srcset]")) {
      expect(element.getAttribute("href")).toMatch(/^#[a-z]+$/);
      expect(document.getElementById((element.getAttribute("href") as string).slice(1))).not.toBeNull();
    }
    for (const [, address] of html.matchAll(/url\(([^)]{0,30})/g)) expect(address).toMatch(/^data:font\/woff2;base64,/);
  });

  test("lets no script run but its own", () => {
    const policy = document.querySelector("meta[http-equiv]")?.getAttribute("content") as string;
    const scripts = [...document.querySelectorAll("script:not([type])")].map((script) => script.textContent ?? "");
    expect(scripts).toHaveLength(1);
    const hash = createHash("sha256").update(scripts[0]).digest("base64");
    expect(policy.split("; ")).toEqual([
      "default-src 'none'",
      "style-src 'unsafe-inline'",
      "font-src data:",
      `script-src 'sha256-${hash}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    for (const element of document.querySelectorAll("*")) {
      for (const attribute of element.attributes) expect(attribute.name, attribute.value).not.toMatch(/^on/);
    }
  });

  test("every id is there once, every control has a name, every figure a description", () => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const button of document.querySelectorAll("button")) expect(button.textContent).not.toBe("");
    for (const svg of document.querySelectorAll("figure svg")) {
      expect(svg.getAttribute("role")).toBe("img");
      expect(svg.getAttribute("aria-label")).toMatch(/\.$/);
      expect(svg.getAttribute("viewBox")).toMatch(/^0 0 \d+ \d+(\.\d+)?$/);
      expect(svg.outerHTML).not.toMatch(/NaN|Infinity|undefined|\bnull\b(?!\))/);
    }
    expect(document.querySelectorAll("figure svg.wide").length).toBe(document.querySelectorAll("figure").length);
  });

  test("every site is in the tables", () => {
    for (const table of ["table-angle", "table-norm", "table-rotation"]) {
      const rows = [...document.querySelectorAll(`#${table} tbody tr:not(.model):not(.apart) bdi`)];
      const names = rows.map((cell) => cell.getAttribute("title") ?? cell.textContent);
      expect(names).toEqual(sites.map(({ site }) => printable(site)));
    }
  });

  test("no number is missing from a cell", () => {
    for (const cell of document.querySelectorAll("td")) {
      expect(cell.textContent).not.toMatch(/NaN|Infinity|undefined|null/);
    }
  });
});

describe("the page", () => {
  test("answers first, then notes, key numbers, figures, tables, methods, provenance", () => {
    const main = documentOf(pages.twins).querySelector("main") as Element;
    expect(main.firstElementChild?.outerHTML).toBe(`<h1>${options.finding}</h1>`);
    expect([...main.querySelectorAll("h2")].map(({ id }) => id)).toEqual([
      "figures",
      "tables",
      "methods",
      "provenance",
    ]);
    expect(main.querySelector(".notes")?.innerHTML).toBe("<p>A note &lt;b&gt;.</p>");
  });

  test("says at the top that it is incomplete, and only then", () => {
    const first = documentOf(pages.stopped).querySelector("main > :first-child") as Element;
    expect(first.className).toBe("stopped");
    expect(first.textContent).toContain("2,560 of 10,240 rows had been read (25.0 %)");
    expect(documentOf(pages.twins).querySelector(".stopped")).toBeNull();
    expect(documentOf(pages.stopped).querySelector("dl")?.textContent).toContain("stopped before all rows were read");
  });

  test("what only a script can do is hidden without it", () => {
    const document = documentOf(pages.twins);
    for (const button of document.querySelectorAll("button")) {
      expect(button.closest("[hidden]"), button.outerHTML).not.toBeNull();
    }
  });

  test("names of unknown origin stay text", () => {
    const document = documentOf(pages.hostile);
    expect(document.querySelectorAll("script").length).toBe(2);
    expect(document.querySelectorAll("b img, tbody script, bdi b, bdi i").length).toBe(0);
    for (const character of pages.hostile.match(/[\p{Cc}\p{Cf}]/gu) ?? []) expect(character).toBe("\n");
    expect(pages.hostile).not.toContain("<script>alert");
    const shown = [...document.querySelectorAll("#table-angle tbody tr:not(.model) bdi")];
    expect(shown[2].textContent).toBe("\\u202egnp.exe\\u200f\\u0007");
    expect(shown[1].getAttribute("title")).toBe(hostileNames[1]);
    expect((shown[1].textContent as string).length).toBe(28);
    expect(document.querySelector("dd ul")?.textContent).toBe("<i>\\u0000 in a<b>.npz: I64, not <F32>");
  });

  test("says where the numbers come from", () => {
    const name = reports.twins.groups[0].sources[0].name;
    const html = htmlReport(reports.twins, {
      ...options,
      command: "orthonorm study",
      hashes: { [name]: "ab12" },
      date: "2026-11-25",
    });
    const document = documentOf(html);
    const row = document.querySelector(".files tbody tr") as Element;
    expect([...row.children].map(({ textContent }) => textContent)).toEqual([
      "ln/states",
      "LayerNorm (says metadata)",
      name,
      "1\u202f181\u202f688",
      "ab12",
    ]);
    const facts = [...document.querySelectorAll("dt")].map((dt) => [
      dt.textContent,
      dt.nextElementSibling?.textContent,
    ]);
    expect(Object.fromEntries(facts)).toMatchObject({
      Command: "orthonorm study",
      Version: "Orthonorm 0.1.0, engine variant simd",
      eps: "1e-5",
      Weights: "for 18 of 18 sites",
      Date: "2026-11-25",
    });
  });

  test("carries the whole report, packed", () => {
    const packed = documentOf(pages.twins).getElementById("data")?.textContent as string;
    expect(JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString())).toEqual(reports.twins);
  });

  test("leaves out what is least missed before it grows past 1 MB", () => {
    const group = reports.deep.groups[0];
    const double = { ...reports.deep, groups: [group, { ...group, label: "again", norm: "RMSNorm" as const }] };
    const html = htmlReport(double, options);
    expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
    const document = documentOf(html);
    expect(document.getElementById("data")).toBeNull();
    expect(document.querySelectorAll("figure svg [data-mark=dot] title").length).toBe(0);
    expect(document.querySelectorAll("figure svg.wide").length).toBe(everyFigure.length);
    expect(document.querySelector("[data-save=json]")).toBeNull();
    expect(document.querySelectorAll("#table-angle tbody tr:not(.model)").length).toBe(192);
  });

  test("has the font's licence and both its parts", () => {
    expect(pages.twins).toContain("SIL Open Font License 1.1");
    expect(pages.twins.match(/@font-face/g)).toHaveLength(2);
  });
});

describe("the tables", () => {
  const [ln, rms] = reports.twins.groups;

  test("have the numbers of the report", () => {
    const { ordinary, sample, null: chance } = rms.sites[3];
    if (sample === null || ordinary.angleAfter === null || ordinary.scaled === null)
      throw new Error("no sample, no weights");
    const { affine, total } = ordinary.rotation;
    const site = rms.sites[3].site;
    expect(cellsOf(pages.twins, "table-angle", site, "rms/states")).toMatchObject({
      "before the norm mean": ordinary.angle.mean.toFixed(2),
      "before the norm sd": ordinary.angle.sd.toFixed(2),
      "before the norm q1": ordinary.angle.q1.toFixed(2),
      "before the norm median": ordinary.angle.median.toFixed(2),
      "before the norm q3": ordinary.angle.q3.toFixed(2),
      "standardized mean": ordinary.angleStandardized.mean.toFixed(2),
      "after scale and shift mean": ordinary.angleAfter.mean.toFixed(2),
      "random sd": chance.sd.toFixed(2),
      "|90°\u00a0−\u00a0θ| random": chance.deviation.toFixed(2),
      "d·cos²θ mean": ordinary.dCos2.mean.toFixed(3),
    });
    const judged = judgedSites(reports.twins);
    expect(judged).toBe(18);
    const { ratio, interval, effectiveRows, alike, meanShare } = verdictOf(rms.sites[3], { judged });
    expect(cellsOf(pages.twins, "table-verdict", site, "rms/states")).toMatchObject({
      "over chance |90° − θ|": ratio.toFixed(2),
      "over chance from": interval?.low.toFixed(2),
      "over chance to": interval?.high.toFixed(2),
      "random directions nearer 90°": `${sample.uniformRank.lower} of 99`,
      "rows mean cosine": alike?.toFixed(2),
      "rows as independent": effectiveRows?.toFixed(1),
      "‖x‖² in the mean %": (100 * meanShare).toFixed(2),
      verdict: "as far",
    });
    expect(cellsOf(pages.twins, "table-norm", site, "rms/states")).toMatchObject({
      "before the norm mean": ordinary.norm.mean.toFixed(3),
      "before the norm max": ordinary.norm.max.toFixed(3),
      "after projection mean": ordinary.projected.mean.toFixed(3),
      "after standardization mean": "11.31",
      "after scale and shift median": ordinary.scaled.median.toFixed(2),
      "√d": "11.31",
    });
    expect(cellsOf(pages.twins, "table-rotation", site, "rms/states")).toMatchObject({
      "by standardization mean": "0.00",
      "by weight and bias mean": affine?.mean.toFixed(2),
      "by both q3": total?.q3.toFixed(2),
    });
    expect(cellsOf(pages.twins, "table-swap", site, "rms/states")).toMatchObject({
      "sample rows": "256",
      "measured, % mean": (100 * sample.swap.mean).toFixed(2),
      "predicted, % max": (100 * sample.swap.predicted.max).toFixed(1),
      "error engine": sample.engineError.max.toExponential(1),
    });
    expect(cellsOf(pages.twins, "table-lost", site, "rms/states")).toMatchObject({
      "LayerNorm loses, % uniform": (100 * (sample.lost?.uniform ?? Number.NaN)).toFixed(3),
      "recovered, R² in-sample LayerNorm": sample.recovered?.layerNorm.toFixed(4),
      "recovered, R² in-sample BatchNorm": "1.0000",
    });
    expect(cellsOf(pages.twins, "table-angle", site, "ln/states")["before the norm mean"]).toBe(
      ln.sites[3].ordinary.angle.mean.toFixed(2),
    );
  });

  test("a column has one number of decimals", () => {
    for (const table of tablesOf(reports.twins)) {
      for (const [i, { over, name, kind }] of table.columns.entries()) {
        const cells = table.groups.flatMap(({ rows }) => rows.map((row) => row.cells[i]));
        if (kind === "text" || over === "error" || over === "inverse") continue;
        const decimals = new Set(cells.map((cell) => cell.split(".")[1]?.length ?? 0));
        expect(decimals.size, `${table.id} ${over} ${name}: ${cells.join(" ")}`).toBe(1);
      }
    }
  });

  test("without weights there are no columns for scale and shift, without a sample no tables of it", () => {
    const document = documentOf(pages.unweighted);
    expect(document.querySelector("main")?.textContent).not.toContain("after scale and shift");
    expect([...document.querySelectorAll("section.table")].map(({ id }) => id)).toEqual([
      "table-angle",
      "table-norm",
      "table-rotation",
      "table-models",
    ]);
    expect(document.querySelector("dl")?.textContent).toContain("none given");
  });

  test("rows left out are counted, and massive ones stand under their site", () => {
    const site = reports.massive.groups[0].sites[2];
    expect(cellsOf(pages.massive, "table-apart", site.site)).toMatchObject({
      "rows read": "300",
      "rows ordinary": "256",
      "rows zero": "2",
      "rows not finite": "1",
      "rows massive": "6",
      "rows repeated": "35",
      "repeated share, %": "11.78",
      "most frequent row times": "36",
    });
    const massive = cellsOf(pages.massive, "table-norm", `${site.site} (massive, 6)`);
    expect(massive["before the norm median"]).toBe(site.massive?.norm.median.toFixed(2));
    expect(documentOf(pages.massive).querySelectorAll("#table-apart tbody tr:not(.model)").length).toBe(5);
    expect(pages.twins).toContain("No row was left out");
    expect(documentOf(pages.twins).getElementById("table-apart")).toBeNull();
  });
});
