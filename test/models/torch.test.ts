// A second witness: every architecture of the table on a small model with random weights, against PyTorch.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openTransformer } from "@orthonorm/models/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases, randomCase } from "../support/models/cases.js";
import { writeModel } from "../support/models/checkpoints.js";
import { python } from "../support/programs.js";

const torch = python("torch");
const script = fileURLToPath(new URL("../support/models/forward.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "orthonorm-torch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = Array.from({ length: 23 }, (_, i) => (7 * i * i + 3 * i + 1) % 29);
const twin = { model_type: "twin", n_embd: 128, n_layer: 4, n_head: 4 };
const twins = fileURLToPath(new URL("../../study/data/twins", import.meta.url));

interface Model {
  name: string;
  config: Record<string, unknown>;
  /** Where it is; what has none is made. */
  folder?: string;
  made?: (typeof cases)[number];
}

const models: readonly Model[] = [
  ...cases.map((made) => ({ name: made.name, config: made.config, made })),
  { name: "the LayerNorm twin", config: { ...twin, norm: "LayerNorm" }, folder: join(twins, "ln") },
  { name: "the RMSNorm twin", config: { ...twin, norm: "RMSNorm" }, folder: join(twins, "rms") },
];

const folderOf = ({ name, folder: own }: Model) => own ?? join(folder, name.replaceAll(/\W/g, "-"));

if (torch.path === null) {
  it(`is left out: it wants ${torch.wanted}`, () => expect(torch.path).toBeNull());
} else {
  const program = torch.path;
  describe("logits are PyTorch's, in f64, to the rounding of f32", () => {
    let logits: number[][][] = [];

    beforeAll(async () => {
      for (const model of models) {
        if (model.made !== undefined) await writeModel(folderOf(model), model.config, randomCase(model.made).tensors);
      }
      const requests = models.map((model) => ({ folder: folderOf(model), config: model.config, ids }));
      const { stdout, stderr, status } = spawnSync(program, [script], {
        input: JSON.stringify(requests),
        encoding: "utf8",
        maxBuffer: 1 << 28,
      });
      if (status !== 0) throw new Error(stderr);
      logits = JSON.parse(stdout);
    }, 120_000);

    it.each(models.map((model, at) => [model.name, model, at] as const))("%s", async (_name, model, at) => {
      const path = model.made === undefined ? join(folderOf(model), "model.safetensors") : folderOf(model);
      const { model: opened } = await openTransformer(path);
      const run = opened.begin();
      const got = run.forward(ids, { logits: "all" });
      const wanted = logits[at].flat();
      expect(got.length).toBe(wanted.length);
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const furthest = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
      // As in architectures.test.ts, and more layers in the twins.
      expect(furthest / largest).toBeLessThan(1e-5);
      opened.engine.dispose();
    });
  });
}
