// What a page captures is the file that the command writes, byte by byte.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBlob } from "@orthonorm/files";
import { expect, it } from "vitest";
import { arraysOf, captureToBlob, openModel, parseModel } from "../../onnx/src/index.js";
import { captureToFile, loadRuntime, readArrays } from "../../onnx/src/node.js";
import { modelBytes } from "../support/onnx-model.js";
import { cols } from "../support/onnx-norms.js";
import { normals } from "../support/random.js";
import { npy } from "../support/tensor-files.js";
import { twoNorms } from "../support/two-norms.js";

it("a blob of states has the bytes of the file of states, over several batches", async () => {
  const runtime = await loadRuntime();
  const bytes = modelBytes(twoNorms);
  const inputs = npy("'<f4'", [5, 3, cols], new Uint8Array(Float32Array.from(normals(15 * cols, 1)).buffer));
  const folder = mkdtempSync(join(tmpdir(), "orthonorm-"));
  try {
    const [path, fed, written] = ["model.onnx", "inputs.npy", "states.safetensors"].map((name) => join(folder, name));
    writeFileSync(fed, inputs);
    const onDisk = parseModel(path, bytes);
    await captureToFile(runtime, onDisk, [await readArrays(onDisk, fed)], written, { batch: 2 });

    const open = await openModel(openBlob(new Blob([bytes]), "model.onnx"));
    const arrays = await arraysOf(open, openBlob(new Blob([new Uint8Array(inputs)]), "inputs.npy"));
    const shares: number[] = [];
    const { blob, norms } = await captureToBlob(runtime, open, [arrays], {
      batch: 2,
      progress: (_, share) => shares.push(share),
    });
    expect(norms.map(({ name }) => name)).toEqual(["h.0.ln_1", "h.0.ln_2"]);
    expect(shares).toEqual([0.4, 0.8, 1]);
    expect(Buffer.from(await blob.arrayBuffer()).equals(readFileSync(written))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
