// What the bench of models times beside the engine gives the engine's logits: the same twins in plain JavaScript and on onnxruntime-web.

import { fileURLToPath } from "node:url";
import { openTransformer } from "@orthonorm/models/node";
import { describe, expect, it } from "vitest";
import { onnxTwin } from "../bench/models/onnxruntime.js";
import { plainTwin } from "../bench/models/plain.js";
import { readTwin } from "../bench/models/twin.js";

describe.each(["ln", "rms"])("the twin %s", (name) => {
  it("token by token, and again from the first", async () => {
    const path = fileURLToPath(new URL(`../study/data/twins/${name}/model.safetensors`, import.meta.url));
    const twin = await readTwin(path);
    const plain = plainTwin(twin);
    const onnx = await onnxTwin(twin);
    const { model } = await openTransformer(path);
    for (const length of [5, twin.positions]) {
      const run = model.begin();
      for (let at = 0; at < length; at++) {
        const token = (7 * at * at + 3 * at + length) % twin.vocabulary;
        const wanted = run.forward([token]);
        for (const got of [plain(token, at), await onnx.step(token, at)]) {
          expect(got.length).toBe(wanted.length);
          expect(Math.max(...wanted.map((value, i) => Math.abs(value - got[i]))), `token ${at}`).toBeLessThan(1e-4);
        }
      }
      run.dispose();
    }
    await onnx.release();
    model.engine.dispose();
  });
});
