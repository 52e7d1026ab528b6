// What a captured file tells of its norms, each site's own eps and kind, is what the study measures by.

import { openBlob } from "@orthonorm/files";
import { epsOf, studySources } from "@orthonorm/study";
import * as reference from "orthonorm/reference";
import { describe, expect, test } from "vitest";
import { safetensors } from "../support/tensor-files.js";

const rows = Float32Array.from({ length: 32 * 8 }, (_, i) => 0.01 * Math.sin(1 + 7 * i) + 0.004);
const options = { withSpeed: false };

function states(norms: unknown, shape = [32, 8]) {
  const data = new Uint8Array(rows.buffer);
  const entry = (at: number) => ({
    dtype: "F32",
    shape,
    data_offsets: [at * data.length, (at + 1) * data.length],
  });
  const metadata = { norms: typeof norms === "string" ? norms : JSON.stringify(norms) };
  const header = { __metadata__: metadata, a: entry(0), b: entry(1) };
  const tensor = { dtype: "F32", shape, data };
  const bytes = safetensors({ a: tensor, b: tensor }, header);
  return [openBlob(new Blob([bytes as Uint8Array<ArrayBuffer>]), "states.safetensors")];
}

const two = { a: { kind: "LayerNorm", eps: 1e-3 }, b: { kind: "RMSNorm", eps: 0 } };

describe("a file's own norms", () => {
  test("each site has its own eps and kind", async () => {
    const report = await studySources(states(two), options);
    const [a, b] = report.groups[0].sites;
    expect([a.eps, b.eps, report.eps]).toEqual([1e-3, 0, 1e-5]);
    expect(epsOf(report)).toBe("0 to 0.001, as the files tell");
    // the length after standardization is √d, less what eps takes; RMSNorm projects nothing
    const { y } = reference.layerNorm(rows, { cols: 8, eps: 1e-3 });
    const lengths = Array.from({ length: 32 }, (_, row) => Math.hypot(...y.subarray(8 * row, 8 * row + 8)));
    expect(a.ordinary.standardized.mean).toBeCloseTo(lengths.reduce((sum, one) => sum + one) / 32, 6);
    expect(b.ordinary.standardized.mean).toBeCloseTo(Math.sqrt(8), 6);
    expect([a.ordinary.angleStandardized.mean, b.ordinary.rotation.standardization.max]).toEqual([90, 0]);
  });

  test("where all agree, theirs is the study's", async () => {
    const report = await studySources(states({ a: two.a, b: two.a }), options);
    expect([report.eps, epsOf(report)]).toEqual([1e-3, "0.001"]);
  });

  test("a slice has the eps, kind and weights of the tensor it comes from", async () => {
    const weight = { dtype: "F32", shape: [8], data: new Uint8Array(new Float32Array(8).fill(3).buffer) };
    const bytes = safetensors({ "a.weight": weight, "b[1].weight": weight });
    const model = openBlob(new Blob([bytes as Uint8Array<ArrayBuffer>]), "model.safetensors");
    const report = await studySources(states(two, [2, 16, 8]), { ...options, split: 0, weights: [model] });
    const told = report.groups[0].sites.map(({ site, eps, affine }) => [site, eps, affine?.weight ?? null]);
    expect(told).toEqual([
      ["a[0]", 1e-3, "a.weight"],
      ["a[1]", 1e-3, "a.weight"],
      ["b[0]", 0, null],
      ["b[1]", 0, "b[1].weight"],
    ]);
    expect(report.groups[0].sites.map(({ ordinary }) => ordinary.angleStandardized.mean === 90)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("what is asked for goes before what is told", async () => {
    const report = await studySources(states(two), { ...options, eps: 0.5, norm: "LayerNorm" });
    expect(report.groups[0].sites.map(({ eps }) => eps)).toEqual([0.5, 0.5]);
    expect(report.groups[0].sites[1].ordinary.angleStandardized.mean).toBe(90);
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    "7",
    '{"a": null}',
    '{"a": {"eps": -1, "kind": "BatchNorm"}}',
    '{"a": {"eps": "1"}}',
  ])("metadata that says %j tells nothing", async (text) => {
    const report = await studySources(states(text), options);
    expect(report.groups[0].sites.map(({ eps }) => eps)).toEqual([1e-5, 1e-5]);
  });
});
