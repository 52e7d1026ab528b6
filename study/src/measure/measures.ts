/** What the engine measures of rows, and the quantities of the paper that follow from it. Angles are in degrees. */
import type { Norm } from "../figures.js";
import type { Grid } from "./histogram.js";
import { degrees } from "./null-model.js";

/** ‖x‖, x·1̂ and ‖x − (x·1̂)1̂‖. */
const ofStates = ["norm", "uniform", "orthogonal"] as const;

/** ‖z‖, angle(z, 1), angle(y, z) and angle(x, z), of y standardized and z = weight ⊙ y + bias. */
export const ofAffine = ["scaled", "angleAfter", "affine", "total"] as const;

export type Measure = (typeof ofStates)[number] | (typeof ofAffine)[number];

/** What the quantities of a row depend on, besides the row. */
export interface Terms {
  /** Which norm the site has: RMSNorm projects nothing and standardizes x itself. */
  norm: Norm;
  cols: number;
  eps: number;
  withAffine: boolean;
}

export function measuresUnder({ withAffine }: Terms): readonly Measure[] {
  return withAffine ? [...ofStates, ...ofAffine] : ofStates;
}

/** Rows as columns: loops over them make no object a row. Without a weight its columns are empty. */
export type Columns<Name extends string = Measure> = Record<Name, Float64Array>;

export function columnsOf(terms: Terms, rows: number): Columns {
  const columns: Columns = { ...noColumns };
  for (const name of measuresUnder(terms)) columns[name] = new Float64Array(rows);
  return columns;
}

const none = new Float64Array(0);
export const noColumns: Readonly<Columns> = {
  norm: none,
  uniform: none,
  orthogonal: none,
  scaled: none,
  angleAfter: none,
  affine: none,
  total: none,
};

/** The quantities whose spread is kept, and the grid of each. */
export const grids = {
  angle: "angle",
  deviation: "angle",
  norm: "length",
  projected: "length",
  standardized: "length",
  scaled: "length",
  angleAfter: "angle",
  affine: "angle",
  total: "angle",
} as const satisfies Record<string, Grid>;

export type Quantity = keyof typeof grids;

export function quantitiesUnder({ withAffine }: Terms): Quantity[] {
  const needWeight: readonly string[] = ofAffine;
  return (Object.keys(grids) as Quantity[]).filter((name) => withAffine || !needWeight.includes(name));
}

export type Quantities = Columns<Quantity | "dCos2" | "swap">;

let derived = scratch(512);

/** @returns columns that hold until the next call */
export function quantitiesOf(rows: Columns, count: number, { norm, cols, eps }: Terms): Quantities {
  if (derived.angle.length < count) derived = scratch(count);
  const { angle, deviation, dCos2, swap, standardized } = derived;
  const { norm: length, uniform, orthogonal } = rows;
  for (let i = 0; i < count; i++) {
    // From both components: an arc cosine would lose digits near 0°, and |90° − θ| must not be a difference.
    const lean = Math.atan2(uniform[i], orthogonal[i]) * degrees;
    const cosine = uniform[i] / length[i];
    angle[i] = 90 - lean;
    deviation[i] = Math.abs(lean);
    dCos2[i] = cols * cosine * cosine;
    // 2 sin(φ/2) = sin φ / cos(φ/2), of φ = |90° − θ| with sin φ = |cos θ|: no digit is lost, and no sine is needed.
    swap[i] = Math.abs(cosine) / Math.sqrt((1 + orthogonal[i] / length[i]) / 2);
  }
  const projected = norm === "LayerNorm" ? orthogonal : length;
  // √d·‖x⊥‖/√(‖x⊥‖² + d·eps)
  const root = Math.sqrt(cols);
  const soft = cols * eps;
  for (let i = 0; i < count; i++) {
    const through = projected[i];
    if (through === 0) standardized[i] = 0;
    else standardized[i] = eps === 0 ? root : (root * through) / Math.sqrt(through * through + soft);
  }
  return { ...rows, angle, deviation, dCos2, swap, projected, standardized };
}

function scratch(rows: number): Columns<"angle" | "deviation" | "dCos2" | "swap" | "standardized"> {
  const column = () => new Float64Array(rows);
  return { angle: column(), deviation: column(), dCos2: column(), swap: column(), standardized: column() };
}
