// A Report of the twins' real states, computed here in plain JavaScript: what the report and its figures are tested on.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Group, Norm, Population, Report, Sample, Site, Spread } from "../../study/src/figures.js";
import { normals, uniforms } from "./random.js";

const eps = 1e-5;
const degrees = 180 / Math.PI;

interface Tensor {
  shape: number[];
  data: Float32Array;
}

function read(file: string): Map<string, Tensor> {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString("utf8", 8, start),
  );
  delete header.__metadata__;
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const copy = Uint8Array.from(bytes.subarray(start + begin, start + end));
        return [name, { shape, data: new Float32Array(copy.buffer) }];
      },
    ),
  );
}

const twins = fileURLToPath(new URL("../../study/data/twins/", import.meta.url));

/** The two twins, nine sites each, with their weights. */
export function twinsReport(): Report {
  return {
    version: "0.1.0",
    engine: { variant: "simd" },
    eps,
    complete: true,
    groups: [group("ln", "LayerNorm"), group("rms", "RMSNorm")],
    skipped: [],
    speed: [
      {
        rows: 256,
        cols: 128,
        microseconds: { layerNorm: 7.31, rmsNorm: 5.24, javascript: 96.4 },
        difference: 3.1e-7,
      },
    ],
  };
}

function group(label: string, norm: Norm): Group {
  const states = read(`${twins}${label}/states.safetensors`);
  const weights = read(`${twins}${label}/model.safetensors`);
  return {
    label,
    sources: [{ name: `study/data/twins/${label}/states.safetensors`, bytes: 1181688 }],
    norm,
    normFrom: "metadata",
    sites: [...states].map(([name, { shape, data }]) => {
      const rows = Array.from({ length: shape[0] }, (_, i) => data.subarray(i * shape[1], (i + 1) * shape[1]));
      const weight = weights.get(`${name}.weight`)?.data;
      const bias = weights.get(`${name}.bias`)?.data;
      return siteOf(name, rows, norm, weight && { weight, bias });
    }),
  };
}

interface Affine {
  weight: ArrayLike<number>;
  bias?: ArrayLike<number>;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
const length = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));
const clamped = (cosine: number) => Math.acos(Math.min(1, Math.max(-1, cosine))) * degrees;
const between = (a: ArrayLike<number>, b: ArrayLike<number>) => clamped(dot(a, b) / (length(a) * length(b)));
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: ArrayLike<number>) => {
  const middle = mean(values);
  return mean(Array.from(values, (value) => (value - middle) ** 2));
};

const standardize = (x: ArrayLike<number>, norm: Norm): number[] => {
  const middle = norm === "LayerNorm" ? mean(x) : 0;
  const centred = Array.from(x, (value) => value - middle);
  const rstd = 1 / Math.sqrt(dot(centred, centred) / x.length + eps);
  return centred.map((value) => value * rstd);
};

/** A site of these rows, none of them set apart. */
export function siteOf(name: string, rows: ArrayLike<number>[], norm: Norm, affine?: Affine): Site {
  const cols = rows[0].length;
  const ordinary = population(rows, norm, affine);
  return {
    site: name,
    dtype: "F32",
    cols,
    rows: rows.length,
    read: rows.length,
    apart: { zero: 0, notFinite: 0, massive: 0, repeated: 0 },
    massiveAbove: 8 * 2 ** Math.ceil(Math.log2(ordinary.norm.median)),
    repeatsKnown: true,
    repeatedShare: 0,
    mostRepeated: null,
    centred: rows.every((row) => Math.abs(mean(row)) < 1e-6 * (length(row) / Math.sqrt(cols))),
    null: { sd: degrees / Math.sqrt(cols), deviation: (Math.sqrt(2 / Math.PI) * degrees) / Math.sqrt(cols) },
    ordinary,
    massive: null,
    all: ordinary,
    affine: affine ? { weight: `${name}.weight`, bias: affine.bias ? `${name}.bias` : null, values: "00000000" } : null,
    sample: rows.length < 3 ? null : sampleOf(rows),
  };
}

export function population(rows: ArrayLike<number>[], norm: Norm, affine?: Affine): Population {
  const cols = rows[0].length;
  const one = new Array<number>(cols).fill(1);
  const ys = rows.map((row) => standardize(row, norm));
  const zs = affine && ys.map((y) => y.map((value, i) => value * affine.weight[i] + (affine.bias?.[i] ?? 0)));
  const angles = rows.map((row) => between(row, one));
  const deviations = angles.map((angle) => Math.abs(90 - angle));
  const swaps = deviations.map((deviation) => 2 * Math.sin(deviation / degrees / 2));
  const projected = rows.map((row) => {
    const middle = norm === "LayerNorm" ? mean(row) : 0;
    return length(Array.from(row, (value) => value - middle));
  });
  return {
    rows: rows.length,
    angle: spread(angles, true),
    deviation: spread(deviations),
    dCos2: { mean: mean(angles.map((angle) => cols * Math.cos(angle / degrees) ** 2)) },
    norm: spread(rows.map(length)),
    projected: spread(projected),
    standardized: spread(ys.map(length)),
    scaled: zs ? spread(zs.map(length)) : null,
    angleStandardized: spread(
      ys.map((y) => between(y, one)),
      true,
    ),
    angleAfter: zs
      ? spread(
          zs.map((z) => between(z, one)),
          true,
        )
      : null,
    rotation: {
      standardization: spread(norm === "LayerNorm" ? deviations : deviations.map(() => 0)),
      affine: zs ? spread(zs.map((z, i) => between(ys[i], z))) : null,
      total: zs ? spread(zs.map((z, i) => between(rows[i], z))) : null,
    },
    swapPredicted: { mean: mean(swaps), max: Math.max(...swaps) },
  };
}

export function spread(values: number[], angle = false): Spread {
  const sorted = values.slice().sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  let histogram: Spread["histogram"] = null;
  if (angle) {
    const low = Math.floor(sorted[0]);
    const high = Math.ceil(sorted[sorted.length - 1] + 1e-9);
    const counts = new Array<number>(64).fill(0);
    for (const value of values) {
      counts[Math.min(63, Math.floor(((value - low) / (high - low)) * 64))] += 1 / values.length;
    }
    histogram = { low, high, counts };
  }
  return {
    mean: mean(values),
    sd: Math.sqrt(variance(values)),
    min: sorted[0],
    q1: at(0.25),
    median: at(0.5),
    q3: at(0.75),
    max: sorted[sorted.length - 1],
    histogram,
  };
}

function sampleOf(rows: ArrayLike<number>[]): Sample {
  const cols = rows[0].length;
  const ln = rows.map((row) => standardize(row, "LayerNorm"));
  const rms = rows.map((row) => standardize(row, "RMSNorm"));
  const swaps = rows.map((_, i) => length(rms[i].map((value, j) => value - ln[i][j])) / Math.sqrt(cols));
  const predicted = population(rows, "RMSNorm").swapPredicted;
  const random = uniforms(7);
  const cosines = (direction: number[]) =>
    mean(rows.map((row) => Math.abs(dot(row, direction)) / (length(row) * Math.sqrt(cols))));
  const directions = Array.from({ length: 64 }, () =>
    cosines(Array.from({ length: cols }, () => (random() < 0.5 ? -1 : 1))),
  ).sort((a, b) => a - b);
  const uniform = cosines(new Array<number>(cols).fill(1));
  let total = 0;
  for (let j = 0; j < cols; j++) total += variance(rows.map((row) => row[j]));
  const means = rows.map((row) => mean(row) * Math.sqrt(cols));
  const lengths = rows.map(length);
  const projected = lengths.map((size, i) => Math.sqrt(size ** 2 - means[i] ** 2));
  const recovered = (ys: number[][]) => {
    let lost = 0;
    for (let j = 0; j < cols; j++) {
      const x = rows.map((row) => row[j]);
      const y = ys.map((row) => row[j]);
      const [mx, my] = [mean(x), mean(y)];
      const shared = mean(x.map((value, i) => (value - mx) * (y[i] - my)));
      lost += variance(x) - (shared === 0 ? 0 : shared ** 2 / variance(y));
    }
    return 1 - lost / total;
  };
  return {
    rows: rows.length,
    swap: { mean: mean(swaps), max: Math.max(...swaps), predicted },
    identityError: 4.2e-16,
    engineError: { max: 2.4e-7, rows: rows.length },
    uniformRank: {
      lower: directions.filter((value) => value < uniform).length,
      directions: directions.length,
      meanAbsCos: uniform,
      directionsMeanAbsCos: { min: directions[0], median: directions[32], max: directions[63] },
    },
    lost: {
      uniform: variance(means) / total,
      norm: variance(projected) / total,
      rmsNorm: variance(lengths) / total,
    },
    recovered: { layerNorm: recovered(ln), rmsNorm: recovered(rms), batchNorm: 1 },
    inverseError: 3.3e-16,
  };
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

/** The twins, and reports that have more, less or other than they have. */
export function sampleReports(): Record<string, Report> {
  const twins = twinsReport();
  const only = (change: (group: Group) => Group, report: Report = twins): Report => ({
    ...report,
    groups: [change(report.groups[0])],
  });
  const deepSites = Array.from({ length: 96 }, (_, i) => {
    const weight = normals(64, 1, 0.3, 500 + i);
    const rows = madeUp(40, 64, i, 0.2 * 1.05 ** i, i % 2 === 1 ? 0 : 0.02 * 1.05 ** i);
    return siteOf(`h.${i >> 1}.ln_${(i % 2) + 1}`, rows, "LayerNorm", { weight, bias: normals(64, 0, 0.1, i) });
  });
  const massiveSites = twins.groups[0].sites.map((site, i) => {
    if (i < 2 || i > 6) return site;
    const massive = population(madeUp(6, 128, 900 + i, site.massiveAbove / 4, 0.3 * site.massiveAbove), "LayerNorm");
    return {
      ...site,
      rows: 300,
      read: 300,
      apart: { zero: 2, notFinite: 1, massive: 6, repeated: 35 },
      repeatedShare: 35 / 300,
      mostRepeated: { count: 36, norm: 3021.4, angle: 87.57 },
      massive,
    };
  });
  const centred = madeUp(60, 96, 3, 1, 0).map((row) => {
    const middle = mean(row);
    return row.map((value) => value - middle);
  });
  return {
    twins,
    one: only((group) => ({ ...group, label: "gpt2", sites: group.sites.slice(3, 4) })),
    deep: only((group) => ({ ...group, label: "gpt2-xl", sites: deepSites })),
    unweighted: {
      ...twins,
      speed: [],
      groups: twins.groups.map((group) => ({
        ...group,
        norm: null,
        normFrom: null,
        sites: group.sites.map((site) => withoutWeights(site)),
      })),
    },
    massive: only((group) => ({ ...group, sites: massiveSites })),
    stopped: {
      ...twins,
      complete: false,
      groups: twins.groups.map((group) => ({
        ...group,
        sites: group.sites.slice(0, 5).map((site, i) => (i < 4 ? site : { ...site, rows: 4096 })),
      })),
    },
    centred: only((group) => ({
      ...group,
      label: "hooked",
      sites: [0, 1, 2].map((layer) => siteOf(`blocks.${layer}.hook_resid_pre`, centred, "LayerNorm")),
    })),
    hostile: {
      ...twins,
      speed: [],
      groups: [
        {
          ...twins.groups[0],
          label: "<b>ln</b>\u202e",
          sources: [{ name: "</script><script>alert(1)</script>", bytes: null }],
          sites: twins.groups[0].sites
            .slice(0, hostileNames.length)
            .map((site, i) => ({ ...site, site: hostileNames[i] })),
        },
      ],
      skipped: [{ source: "a<b>.npz", tensor: "<i>\u0000", reason: "I64, not <F32>" }],
    },
    models: {
      ...twins,
      groups: [4, 12, 24].map((layers, at) => ({
        ...twins.groups[at % 2],
        label: `model-${layers}`,
        sites: Array.from({ length: layers }, (_, i) =>
          siteOf(
            `layers.${i}`,
            madeUp(50, 64 << at, i + 100 * at, 1 + i / 4, at / 40),
            twins.groups[at % 2].norm as Norm,
          ),
        ),
      })),
    },
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
