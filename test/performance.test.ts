// The pages about speed are what their script makes of the records, and nothing that is too noisy counts as reached.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { digits, duration } from "../bench/format.js";
import { pages } from "../bench/report/pages.js";
import { readerPage } from "../bench/report/reader.js";
import { names, type Record, readRecords, rowOf, tableOf } from "../bench/report/records.js";
import { verdicts } from "../bench/report/verdicts.js";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("npm run performance", () => {
  for (const [file, text] of Object.entries(pages())) {
    it(`${file} is what it writes`, () => expect(readFileSync(`${root}/${file}`, "utf8") === text).toBe(true));
  }
});

describe("targets", () => {
  const target = "LayerNorm 128×768 resident, times as fast as the plain loop, Node 20";
  /** The verdict of that target when its table, in the record of Node 20, is another. */
  const judged = (change: (table: NonNullable<ReturnType<typeof tableOf>>) => void) => {
    const records = readRecords();
    const record = records.engine.find(({ file }) => file === "node20.json") as Record;
    change(tableOf(record, "layerNorm", 128, 768) ?? expect.fail("no such table"));
    return verdicts(records).find(({ what }) => what === target);
  };
  const row = (table: Parameters<typeof rowOf>[0], name: string) => rowOf(table, name) ?? expect.fail(`no ${name}`);

  it("are judged by the records", () => {
    let recorded = 0;
    const judgement = judged((table) => {
      recorded = row(table, names.engine).timesPlain as number;
    });
    expect(recorded).toBeGreaterThan(18);
    expect(judgement).toMatchObject({ bar: "≥ 18×", measured: `${digits(recorded)}×`, result: "reached" });
    expect(
      judged((table) => {
        row(table, names.engine).timesPlain = 17.9;
      }),
    ).toMatchObject({ measured: "17.9×", result: "not reached" });
    expect(
      judged((table) => {
        row(table, names.engine).timesPlain = null;
      }),
    ).toMatchObject({ measured: "–", result: "no record" });
  });

  it("cannot be judged by a noisy time, on either side of a ratio", () => {
    for (const name of [names.engine, names.plain]) {
      let recorded = 0;
      const noisy = judged((table) => {
        recorded = row(table, names.engine).timesPlain as number;
        row(table, name).upperQuartile = 2 * row(table, name).nanoseconds;
      });
      expect(noisy).toMatchObject({ measured: `${digits(recorded)}×`, result: "too noisy to judge" });
    }
    const beside = judged((table) => {
      row(table, names.best).upperQuartile *= 9;
    });
    expect(beside).toMatchObject({ result: "reached" });
  });

  it("cannot be judged by a table during which the machine changed", () => {
    const drifting = judged((table) => {
      table.noise = { noisy: [], drift: 1.4 };
    });
    expect(drifting).toMatchObject({ result: "too noisy to judge" });
  });

  it("each is of a record, and those that are not reached have a cause", () => {
    const all = verdicts(readRecords());
    expect(all).toHaveLength(45);
    for (const { what, result, cause } of all) {
      expect(result, what).not.toBe("no record");
      if (result === "not reached") expect(cause, what).toBeTypeOf("string");
    }
  });
});

describe("what a page loads, in the documentation", () => {
  /** Every figure that a page has, by what stands around it, and the entry of `npm run size` that it is of. */
  const claims: { [file: string]: [text: RegExp, entry: string][] } = {
    "README.md": [
      [/([\d.]+) KB gzipped for `import \{ layerNorm \}`/, "layerNorm"],
      [/main thread \(([\d.]+) KB gzipped with\s`layerNorm`\)/, "createEngine, layerNorm, loadKernels, normKernels"],
      [/`await loadEngine\(\)` compiles all of them \(([\d.]+) KB\)/, "layerNorm, loadEngine"],
    ],
    "docs/loading.md": [
      [/\| `norm` \| layerNorm, .* \| ([\d.]+) KB/, "layerNorm"],
      [/\| `geometry` \| geometry, .* \| ([\d.]+) KB/, "geometry"],
      [/\| `center` \| center, .* \| ([\d.]+) KB/, "center"],
      [/\| `project` \| project, .* \| ([\d.]+) KB/, "project"],
      [/\| `invert` \| invertLayerNorm \| ([\d.]+) KB/, "invertLayerNorm"],
      [/\| `convert` \| convert \| ([\d.]+) KB/, "convert"],
      [/\| `linear` \| linear, .* \| ([\d.]+) KB/, "linear"],
      [/\| `int8` \| quantizeWeights, .* \| ([\d.]+) KB/, "linear, quantizeWeights"],
      [/`createEngine` alone, without kernels, has ([\d.]+) KB/, "createEngine"],
      [/brings all families, ([\d.]+) KB with `layerNorm`/, "layerNorm, loadEngine"],
      [/\[normKernels\]\)`, ([\d.]+) KB with `layerNorm`/, "createEngine, layerNorm, loadKernels, normKernels"],
    ],
    "docs/engine.md": [
      [/into a bundle: ([\d.]+) KB gzipped with `layerNorm`/, "layerNorm, loadEngine"],
      [/([\d.]+) KB with `layerNorm` and `normKernels`/, "createEngine, layerNorm, loadKernels, normKernels"],
    ],
    "docs/design.md": [[/`import \{ geometry \}` is ([\d.]+) KB/, "geometry"]],
  };
  const { sizes } = readRecords().size;

  it.each(["f32", "f64", "bf16", "f16"])("docs/loading.md: the entry for %s", (dtype) => {
    const page = readFileSync(`${root}/docs/loading.md`, "utf8");
    const found = sizes.find(({ name }) => name === `import { layerNorm } from "orthonorm/${dtype}"`);
    const told = new RegExp(`\\| \`orthonorm/${dtype}\` \\| ([\\d.]+) KB`).exec(page)?.[1];
    expect(told).toBe(found && (found.gzipped / 1024).toFixed(1));
  });

  for (const [file, figures] of Object.entries(claims)) {
    const page = readFileSync(`${root}/${file}`, "utf8");

    it(`${file}: each figure is the record's`, () => {
      for (const [text, entry] of figures) {
        const found = sizes.find(({ name }) => name === `import { ${entry} } from "orthonorm"`);
        expect(text.exec(page)?.[1], `${entry}, in bench/record/size.json`).toBe(
          found && (found.gzipped / 1024).toFixed(1),
        );
      }
    });

    it(`${file}: there are no others`, () => {
      // the entries for one element type have a test of their own
      const today = page.replace(/went from .* KB gzipped when it came in|^\| `orthonorm(\/\w+)?` \| .* KB \|$/gm, "");
      expect(today.match(/\d\.\d\sKB/g)).toHaveLength(figures.length);
    });
  }
});

it("the page marks what is too noisy to be believed", () => {
  const records = readRecords();
  const record = records.engine.find(({ file }) => file === "node20.json") as Record;
  const table = tableOf(record, "layerNorm", 128, 768);
  const best = rowOf(table, names.best) ?? expect.fail("no best");
  const shown = duration(best.nanoseconds);
  expect(readerPage(records)).toContain(`| ${shown} |`);
  best.upperQuartile = 3 * best.nanoseconds;
  expect(readerPage(records)).toContain(`| ~ ${shown} |`);
});
