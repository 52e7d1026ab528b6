// What a terminal shows: colour, width, progress.

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lookFor } from "../../cli/src/terminal/look.js";
import { Progress } from "../../cli/src/terminal/progress.js";
import { render } from "../../cli/src/terminal/render.js";
import type { Report } from "../../study/src/types.js";
import { normals } from "../support/random.js";
import { average, f32, folder, random, study, twins, write } from "../support/study-runs.js";

describe("the look", () => {
  test("colour on a terminal only, and not where NO_COLOR, --no-color or a dumb terminal forbids it", () => {
    const terminal = { isTTY: true, columns: 120 };
    expect(lookFor(terminal, {})).toEqual({ width: 100, color: true });
    expect(lookFor(terminal, { NO_COLOR: "1" }).color).toBe(false);
    expect(lookFor(terminal, { NO_COLOR: "" }).color).toBe(true);
    expect(lookFor(terminal, { TERM: "dumb" }).color).toBe(false);
    expect(lookFor(terminal, {}, false).color).toBe(false);
    expect(lookFor({}, { FORCE_COLOR: "1" })).toEqual({ width: 100, color: false });
    expect(lookFor({ isTTY: true, columns: 80 }, {}).width).toBe(80);
  });

  const measured: Promise<Report> = study(
    ["ln", "rms"].map((norm) => join(twins, norm, "states.safetensors")),
    { withSpeed: false },
  );

  test("colour adds nothing that is not also in words", async () => {
    const plain = render(await measured, { width: 100, color: false });
    const colored = render(await measured, { width: 100, color: true });
    expect(colored).toContain("\u001b[36m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(plain);
  });

  test.each([60, 70, 80, 90, 100])("%i columns hold every line", async (width) => {
    const { groups, ...rest } = await measured;
    const long = groups.map((group) => ({
      ...group,
      sites: group.sites.map((site, layer) => ({
        ...site,
        site: `model.layers.${layer}.post_attention_layernorm.input`,
      })),
    }));
    for (const shown of [groups, long]) {
      const lines = render({ ...rest, groups: shown }, { width, color: false }).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      expect(lines.join("\n")).toContain("256 × 128");
      // What tells the sites apart is never what is left out of their names.
      const table = lines.slice(
        0,
        lines.findIndex((line) => line.startsWith("Held against")),
      );
      const names = table.filter((line) => /\d{2}\.\d{2}/.test(line)).map((line) => line.split(/ {2,}/)[1]);
      expect([names.length, new Set(names).size]).toEqual([18, 9]);
    }
  });

  test("headings are cut so that models stay apart, with their norm and their shape", async () => {
    const { groups, ...rest } = await measured;
    const long = groups.map((group, at) => ({
      ...group,
      label: `checkpoints/of/a/long/name/${"and-more-".repeat(8)}${at}`,
      sites: group.sites.map((site, layer) => ({
        ...site,
        site: `decoder.layers.${layer}.post_attention_layernorm.input`,
      })),
    }));
    const lines = render({ ...rest, groups: long }, { width: 80, color: false }).split("\n");
    const headings = lines.filter((line) => / {2}· {2}(LayerNorm|RMSNorm)/.test(line));
    expect(headings).toHaveLength(6);
    expect(new Set(headings).size).toBe(4);
    expect(headings.map((heading) => /LayerNorm|RMSNorm/.exec(heading)?.[0])).toEqual([
      "LayerNorm",
      "RMSNorm",
      "LayerNorm",
      "RMSNorm",
      "LayerNorm",
      "RMSNorm",
    ]);
  });

  test("the key names the sites where eps makes the norms as run differ by another amount than the angle says", async () => {
    const [rows, cols, eps] = [20, 16, 1e-5];
    const small = normals(rows * cols, 0.5).map((value) => Math.fround(1e-3 * value));
    write("eps.safetensors", { large: random(rows, cols), small: f32(rows, cols, small) });
    const report = await study([join(folder, "eps.safetensors")], { withSpeed: false });
    const key = render(report, { width: 100, color: false }).replace(/\s+/g, " ");
    const run: number[] = [];
    const byAngle: number[] = [];
    for (let row = 0; row < rows; row++) {
      const x = small.subarray(row * cols, (row + 1) * cols);
      const mean = average(x);
      const square = average(x.map((value) => value * value));
      const variance = average(x.map((value) => (value - mean) ** 2));
      const differ = (of: number) =>
        Math.sqrt(
          average(x.map((value) => (value / Math.sqrt(square + of) - (value - mean) / Math.sqrt(variance + of)) ** 2)),
        );
      run.push(differ(eps));
      byAngle.push(differ(0));
    }
    const percent = (values: number[]) => (100 * average(values)).toFixed(1);
    expect(Number(percent(run))).toBeLessThan(0.9 * Number(percent(byAngle)));
    expect(key).toContain(
      `which leaves eps out. Both norms run, with eps, differ by another amount, in the sampled rows: small ${percent(run)} % (by the angle ${percent(byAngle)} %); at the other sites it is so much (to within 0.`,
    );
    const alike = render(await measured, { width: 100, color: false });
    expect(alike).not.toContain("another amount");
  });
});

describe("progress", () => {
  // by a clock that the test turns, not the machine
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("nothing in the first 300 ms or off a terminal, then one line that is taken back", () => {
    const heard = (isTTY: boolean) => {
      const written: string[] = [];
      const stream = {
        isTTY,
        columns: 60,
        write: (text: string) => written.push(text),
      } as unknown as NodeJS.WriteStream;
      return { written, progress: new Progress(stream, { TERM: "xterm" }) };
    };
    const terminal = heard(true);
    const pipe = heard(false);
    terminal.progress.update("early", 0.1);
    expect(terminal.written).toEqual([]);
    vi.advanceTimersByTime(310);
    for (const { progress } of [terminal, pipe]) {
      progress.update("site", 0.5);
      progress.update("too soon after", 0.6);
      progress.clear();
      progress.clear();
    }
    expect(terminal.written).toEqual(["\r██████████░░░░░░░░░░  50 %  site  (Ctrl-C stops)\u001b[K", "\r\u001b[K"]);
    expect(pipe.written).toEqual([]);
  });

  test("on a terminal of 80 columns the number of a layer stays, whatever is cut", () => {
    const shown = (what: string, columns = 80) => {
      const written: string[] = [];
      const write = (text: string) => written.push(text);
      const progress = new Progress({ isTTY: true, columns, write } as unknown as NodeJS.WriteStream, {});
      vi.advanceTimersByTime(310);
      progress.update(what, 0.5);
      const [, text] = / {2}50 % {2}(.*) {2}\(Ctrl-C stops\)/.exec(written[0]) ?? [];
      expect(written[0].length).toBeLessThan(columns + "\r\u001b[K".length);
      return text;
    };
    const file = "checkpoints/run-3/states.safetensors";
    const texts = [
      shown("states.npz h.10.ln_1"),
      shown(`${file} model.layers.10.input_layernorm`),
      shown(`${file} model.layers.10.post_attention_layernorm.input`),
      shown(`${file} language_model.model.decoder.layers.10.norm`),
      shown(`${file} a_name_of_no_layer_that_is_much_longer_than_the_line`),
      shown(`${file} model.layers.10.input_layernorm`, 60),
    ];
    expect(texts).toEqual([
      "states.npz h.10.ln_1",
      "…rs model.layers.10.input_layernorm",
      "model.layers.10…ion_layernorm.input",
      "…model.model.decoder.layers.10.norm",
      "a_name_of_no_laye…ger_than_the_line",
      "…yers.10…ernorm",
    ]);
  });
});
