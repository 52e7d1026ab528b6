// What enters the norms, all of them: those of the stream, and those of each head's query and key, against a forward pass in plain f64.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NormKind, Site, Transformer } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, describe, expect, it } from "vitest";
import { readTokens } from "../../explorer/src/inside/reading.js";
import { type Case, cases, randomCase } from "../support/models/cases.js";
import { writeModel } from "../support/models/checkpoints.js";
import { llamaLike } from "../support/models/forwards.js";
import { layerNorm, type Plain, type Vector } from "../support/models/plain.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-sites-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Four heads and two key heads of 8 elements, in a stream of 24. */
const one = cases.find(({ config }) => config.model_type === "qwen3") as Case;
const made = randomCase(one);
const path = await writeModel(join(folder, "qwen3"), one.config, made.tensors);
const { model } = await openTransformer(path);
const ids = Array.from({ length: 23 }, (_, i) => (7 * i * i + 3 * i + 1) % 29);

/** Of the largest element, as for the logits. */
const bound = 1e-5;

function expectClose(got: readonly number[], wanted: readonly Vector[], what: string): void {
  const all = wanted.flatMap((row) => Array.from(row));
  expect(got, what).toHaveLength(all.length);
  const largest = Math.max(...all.map(Math.abs));
  expect(largest).toBeGreaterThan(0.01);
  expect(Math.max(...all.map((value, i) => Math.abs(value - got[i]))) / largest, what).toBeLessThan(bound);
}

/** What is shown of each site, in portions of so many tokens. */
function shown(of: Transformer, portion: number, norm?: (site: Site) => NormKind) {
  const seen = new Map<string, number[]>(of.sites.map(({ name }) => [name, []]));
  const run = of.begin({ norm });
  const logits: number[] = [];
  for (let from = 0; from < ids.length; from += portion) {
    const some = ids.slice(from, from + portion);
    logits.push(
      ...run.forward(some, {
        logits: "all",
        onNorm: ({ name, cols, rowsPerToken }, rows) => {
          expect(rows.shape).toEqual([some.length * rowsPerToken, cols]);
          for (const value of rows.toArray()) seen.get(name)?.push(value);
        },
      }),
    );
  }
  run.dispose();
  return { seen, logits };
}

describe("the norms of a Qwen3", () => {
  it("are in the order in which a token passes them", () => {
    const layer = (at: number): Site[] => {
      const h = `model.layers.${at}.`;
      const rms = { kind: "RMSNorm", weightOffset: 0 } as const;
      const stream = { ...rms, reads: "stream", cols: 24, rowsPerToken: 1 } as const;
      return [
        { name: `${h}input_layernorm`, ...stream },
        { name: `${h}self_attn.q_norm`, ...rms, reads: "queries", cols: 8, rowsPerToken: 4 },
        { name: `${h}self_attn.k_norm`, ...rms, reads: "keys", cols: 8, rowsPerToken: 2 },
        { name: `${h}post_attention_layernorm`, ...stream },
      ];
    };
    const [last] = model.sites.slice(-1);
    expect(model.sites.slice(0, -1)).toEqual([...layer(0), ...layer(1)]);
    expect(last).toMatchObject({ name: "model.norm", reads: "stream" });
    const order: string[] = [];
    model.begin().forward(ids, { onNorm: ({ name }) => order.push(name) });
    expect(order).toEqual(model.sites.map(({ name }) => name));
  });

  it.each([23, 6, 1])("are shown what enters them, %d tokens at a time", (portion) => {
    const wanted = one.forward(made)(one.config, made.t, ids);
    const { seen } = shown(model, portion);
    const heads = [...(wanted.heads as ReadonlyMap<string, Vector[]>)];
    expect(heads).toHaveLength(4);
    for (const [name, rows] of heads) expectClose(seen.get(name) as number[], rows, name);
    expectClose(seen.get("model.norm") as number[], wanted.last, "model.norm");
  });

  it("are replaced by the other norm where that is asked for, those of the heads too", () => {
    const zeros: Plain = { shape: [8], data: new Float64Array(8) };
    const swapped = llamaLike(made.has, undefined, (x, weight, eps) => layerNorm(x, weight, zeros, eps));
    const wanted = swapped(one.config, made.t, ids);
    for (const portion of [23, 1]) {
      const { logits } = shown(model, portion, ({ reads, kind }) => (reads === "stream" ? kind : "LayerNorm"));
      expectClose(logits, wanted.logits, `${portion} at a time`);
    }
  });

  it("are left out of the explorer's panel, which shows those of the stream, and are not swapped by it", async () => {
    const plain = await readTokens(model, ids, "RMSNorm", async () => true);
    const { seen } = shown(model, 16);
    const stream = model.sites.filter(({ reads }) => reads === "stream");
    expect(plain?.states.map((states) => Array.from(states))).toEqual(stream.map(({ name }) => seen.get(name)));
    const swapped = await readTokens(model, ids, "LayerNorm", async () => true);
    const by = shown(model, 16, ({ reads, kind }) => (reads === "stream" ? "LayerNorm" : kind));
    expect(Array.from(swapped?.states[4] as Float32Array)).toEqual(by.seen.get("model.norm"));
  });

  it("leave nothing in the engine's memory", () => {
    const before = model.engine.bytesInUse;
    shown(model, 23);
    shown(model, 1);
    expect(model.engine.bytesInUse).toBe(before);
  });
});
