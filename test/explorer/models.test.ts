// Models in the explorer: run in the page for what goes into their norms, and measured.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  address,
  controlled,
  describeExplorer,
  forgive,
  open,
  page,
  root,
  soon,
  workers,
} from "../support/explorer.js";
import { modelBytes } from "../support/onnx-model.js";
import { cols } from "../support/onnx-norms.js";
import { normals } from "../support/random.js";
import { npy } from "../support/tensor-files.js";
import { twoNorms } from "../support/two-norms.js";

const mimeType = "application/octet-stream";
const model = { name: "model.onnx", mimeType, buffer: Buffer.from(modelBytes(twoNorms)) };
const inputs = (width: number) => {
  const data = Float32Array.from(normals(20 * 30 * width, 1));
  return { name: "inputs.npy", mimeType, buffer: npy("'<f4'", [20, 30, width], new Uint8Array(data.buffer)) };
};

describeExplorer("the models", () => {
  const alert = async () => {
    const error = page.locator("#states-status [role=alert]");
    await error.waitFor();
    return error.textContent();
  };

  it("gives what the command gives for the same model and inputs, and sends nothing anywhere", async () => {
    await open();
    await controlled();
    const asked: string[] = [];
    page.context().on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
    await page.setInputFiles("#file", [inputs(cols), model]);
    await page.waitForSelector("#states-result figure", { timeout: 60_000 });
    expect(await page.locator(".sites tbody th").allTextContents()).toEqual(["h.0.ln_1", "h.0.ln_2"]);
    expect(asked.some((one) => one.endsWith(".wasm"))).toBe(true);
    expect(asked.filter((one) => !one.startsWith(`GET ${address}assets/`))).toEqual([]);

    const saving = page.waitForEvent("download");
    await page.click('a[download="states.json"]');
    const json = readFileSync(await (await saving).path(), "utf8");
    const folder = mkdtempSync(join(tmpdir(), "explorer-"));
    for (const { name, buffer } of [model, inputs(cols)]) writeFileSync(join(folder, name), buffer);
    const command = [join(root, "dist/cli/orthonorm.js"), "study", "model.onnx", "--inputs", "inputs.npy"];
    const written = execFileSync(process.execPath, [...command, "--json", "-"], { cwd: folder, encoding: "utf8" });
    rmSync(folder, { recursive: true });
    // the browser's Math.acos may be another than Node's, in the last digit
    const rounded = (text: string) =>
      JSON.parse(text, (_, value) => (typeof value === "number" ? Number(value.toPrecision(13)) : value));
    expect(rounded(json)).toEqual(rounded(written));
    const { sites } = JSON.parse(json);
    expect(sites.map(({ eps }: { eps: number }) => eps)).toEqual([1e-3, 1e-6]);
    expect(sites.map(({ affine }: { affine: object | null }) => affine === null)).toEqual([false, false]);
  });

  it("says in one line what a model wants, before onnxruntime is loaded", async () => {
    await open("", { serviceWorkers: "block" });
    const asked: string[] = [];
    page.context().on("request", (request) => asked.push(request.url()));
    await page.setInputFiles("#file", model);
    const wanted = '"input" F32 [batch, tokens, 8]';
    expect(await alert()).toBe(`model.onnx expected one file of its inputs beside it (${wanted}), got none`);
    await page.setInputFiles("#file", [model, inputs(cols), { ...inputs(cols), name: "more.npy" }]);
    await soon(alert).toBe(
      `model.onnx expected one file of its inputs beside it (${wanted}), got inputs.npy, more.npy`,
    );
    await page.setInputFiles("#file", [model, inputs(cols + 1)]);
    await soon(alert).toBe(`inputs.npy: input expected ${wanted}, got F32 [20, 30, 9]`);
    const nodes = [{ op: "Abs", inputs: ["x"], outputs: ["y"] }];
    const none = Buffer.from(modelBytes({ nodes, inputs: { x: {} }, outputs: { y: {} } }));
    await page.setInputFiles("#file", [{ ...model, buffer: none }, inputs(cols)]);
    await soon(alert).toBe("model.onnx expected a model with LayerNorm or RMSNorm, got none in its graph");
    await page.setInputFiles("#file", [{ ...model, buffer: Buffer.from("no model") }, inputs(cols)]);
    await soon(alert).toBe("model.onnx expected an ONNX model, got a text file");
    expect(asked.filter((one) => /\/ort[.-]/.test(one))).toEqual([]);
  });

  it("is stopped while onnxruntime is on its way, and says where that does not come", async () => {
    await open("", { serviceWorkers: "block" });
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route("**/ort-*.wasm", async (route) => {
      await held;
      await route.fulfill({ status: 404 }).catch(() => {});
    });
    await page.setInputFiles("#file", [model, inputs(cols)]);
    await soon(() => page.locator("#states-status .what").textContent()).toContain("Loading onnxruntime");
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await page.locator("#states-status").textContent()).toContain("Cancelled");
    await soon(() => workers()).toEqual([]);
    answer();
    await page.setInputFiles("#file", [model, inputs(cols)]);
    await soon(alert).toBe("onnxruntime-web expected to be loaded, got: the server answered 404");
    forgive("404");
  });
});
