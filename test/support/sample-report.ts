// The real study of the twins, and reports that have more, less or other than it has: what the report and its figures are
// tested on.

import { fileURLToPath } from "node:url";
import { openBlob, type Source } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import { studySources } from "../../study/src/study.js";
import type { Group, Norm, Population, Report, Site } from "../../study/src/types.js";
import { normals } from "./random.js";
import { type GivenTensor, safetensors } from "./tensor-files.js";

/** Nothing is timed: the figures are the same in every run. */
const options = { eps: 1e-5, version: "0.1.0", withSpeed: false };

/** The two twins, nine sites each, with their weights. */
async function twinsReport(): Promise<Report> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const open = (kind: string) =>
    Promise.all(
      ["ln", "rms"]
        .map((twin) => `study/data/twins/${twin}/${kind}.safetensors`)
        .map((file) => openDisk(root + file, file)),
    );
  const report = await studySources(await open("states"), { ...options, weights: await open("model") });
  const microseconds = { layerNorm: 7.31, rmsNorm: 5.24, javascript: 96.4 };
  return { ...report, speed: [{ rows: 256, cols: 128, microseconds, difference: 3.1e-7 }] };
}

type Tensors = Record<string, GivenTensor>;

/** The real study of states that were made up. */
async function studied(label: string, norm: Norm, states: Tensors, weights?: Tensors): Promise<Group> {
  const inMemory = (tensors: Tensors, name: string): Source =>
    openBlob(new Blob([new Uint8Array(safetensors(tensors))]), `${label}/${name}.safetensors`);
  const { groups } = await studySources([inMemory(states, "states")], {
    ...options,
    norm,
    pool: label,
    weights: weights && [inMemory(weights, "model")],
  });
  return groups[0];
}

function f32(rows: readonly ArrayLike<number>[]): GivenTensor {
  const cols = rows[0].length;
  const values = new Float32Array(rows.length * cols);
  for (const [i, row] of rows.entries()) values.set(row, i * cols);
  return { dtype: "F32", shape: [rows.length, cols], data: new Uint8Array(values.buffer) };
}

function f32Vector(values: Float64Array): GivenTensor {
  return { ...f32([values]), shape: [values.length] };
}

/** Rows like those of a model of `cols` dimensions at one depth. */
function madeUp(rows: number, cols: number, seed: number, scale: number, mean: number): Float64Array[] {
  const values = normals(rows * cols, 0, scale, seed);
  const means = normals(rows, mean, scale / Math.sqrt(cols), seed + 1);
  return Array.from({ length: rows }, (_, i) =>
    values.subarray(i * cols, (i + 1) * cols).map((value) => value + means[i]),
  );
}

/** What files of unknown origin may call a tensor. */
export const hostileNames = [
  "<script>alert(1)</script>",
  `${"very_long_name.".repeat(20)}end`,
  "\u202egnp.exe\u200f\u0007",
  '"><img src=x onerror=alert(1)>',
  "=HYPERLINK(1)",
  "</style></svg>&amp;'",
  "שלום.0.ln",
];

/** The layers of gpt2-xl, with two norms each, in few rows of few dimensions. */
function deepModel(): Promise<Group> {
  const states: Tensors = {};
  const weights: Tensors = {};
  for (let i = 0; i < 96; i++) {
    const site = `h.${i >> 1}.ln_${(i % 2) + 1}`;
    states[site] = f32(madeUp(40, 64, i, 0.2 * 1.05 ** i, i % 2 === 1 ? 0 : 0.02 * 1.05 ** i));
    weights[`${site}.weight`] = f32Vector(normals(64, 1, 0.3, 500 + i));
    weights[`${site}.bias`] = f32Vector(normals(64, 0, 0.1, i));
  }
  return studied("gpt2-xl", "LayerNorm", states, weights);
}

/** Nine sites, of which the middle five have rows of every kind that is left out. */
function massiveModel(): Promise<Group> {
  const states: Tensors = {};
  const weights: Tensors = {};
  for (let i = 0; i < 9; i++) {
    const rows = madeUp(256, 128, 900 + i, 1 + i / 4, 0.02);
    const apart = [
      ...Array.from({ length: 35 }, () => rows[7]),
      ...madeUp(6, 128, 950 + i, 60 * (1 + i / 4), 20),
      ...Array.from({ length: 2 }, () => new Float64Array(128)),
      new Float64Array(128).fill(Number.NaN, 5, 6),
    ];
    states[`layers.${i}`] = f32(i < 2 || i > 6 ? rows : [...rows, ...apart]);
    weights[`layers.${i}.weight`] = f32Vector(normals(128, 1, 0.3, 500 + i));
    weights[`layers.${i}.bias`] = f32Vector(normals(128, 0, 0.1, i));
  }
  return studied("massive", "LayerNorm", states, weights);
}

function centredModel(): Promise<Group> {
  const rows = madeUp(60, 96, 3, 1, 0).map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    return row.map((value) => value - mean);
  });
  const names = [0, 1, 2].map((layer) => `blocks.${layer}.hook_resid_pre`);
  return studied("hooked", "LayerNorm", Object.fromEntries(names.map((name) => [name, f32(rows)])));
}

function modelOf(layers: number, at: number): Promise<Group> {
  const names = Array.from({ length: layers }, (_, i) => `layers.${i}`);
  const states = names.map((name, i) => [name, f32(madeUp(50, 64 << at, i + 100 * at, 1 + i / 4, at / 40))]);
  return studied(`model-${layers}`, at % 2 === 0 ? "LayerNorm" : "RMSNorm", Object.fromEntries(states));
}

/** The twins, and reports that have more, less or other than they have. */
export async function sampleReports(): Promise<Record<string, Report>> {
  const twins = await twinsReport();
  const [ln] = twins.groups;
  return {
    twins,
    one: { ...twins, groups: [{ ...ln, label: "gpt2", sites: ln.sites.slice(3, 4) }] },
    deep: { ...twins, groups: [await deepModel()] },
    unweighted: {
      ...twins,
      speed: [],
      groups: twins.groups.map((group) => ({
        ...group,
        norm: null,
        normFrom: null,
        sites: group.sites.map(withoutWeights),
      })),
    },
    massive: { ...twins, groups: [await massiveModel()] },
    stopped: {
      ...twins,
      complete: false,
      groups: twins.groups.map((group) => ({
        ...group,
        sites: group.sites.slice(0, 5).map((site, i) => (i < 4 ? site : { ...site, rows: 4096 })),
      })),
    },
    centred: { ...twins, groups: [await centredModel()] },
    hostile: {
      ...twins,
      speed: [],
      groups: [
        {
          ...ln,
          label: "<b>ln</b>\u202e",
          sources: [{ name: "</script><script>alert(1)</script>", bytes: null }],
          sites: ln.sites.slice(0, hostileNames.length).map((site, i) => ({ ...site, site: hostileNames[i] })),
        },
      ],
      skipped: [{ source: "a<b>.npz", tensor: "<i>\u0000", reason: "I64, not <F32>" }],
    },
    few: {
      ...twins,
      groups: [ln, await studied("few", "RMSNorm", { "layers.0": f32(madeUp(10, 128, 5, 1, 0)) })],
    },
    models: { ...twins, groups: await Promise.all([4, 12, 24].map(modelOf)) },
  };
}

function withoutWeights(site: Site): Site {
  const bare = (of: Population): Population => ({
    ...of,
    scaled: null,
    angleAfter: null,
    rotation: { ...of.rotation, affine: null, total: null },
  });
  return { ...site, affine: null, sample: null, ordinary: bare(site.ordinary), all: bare(site.all) };
}
