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
const noColumns: Readonly<Columns> = {
  norm: none,
  uniform: none,
  orthogonal: none,
  scaled: none,
  angleAfter: none,
  affine: none,
  total: none,
};

const pickings: Columns = { ...noColumns };

/** @returns the rows at `count` of `places`, from `from` on, as columns that hold until the next call */
export function picked(rows: Columns, places: readonly number[], from: number, count: number, terms: Terms): Columns {
  for (const name of measuresUnder(terms)) {
    if (pickings[name].length < count) pickings[name] = new Float64Array(count);
    pick(rows[name], places, from, count, pickings[name]);
  }
  return pickings;
}

function pick(column: Float64Array, places: readonly number[], from: number, count: number, into: Float64Array): void {
  for (let i = 0; i < count; i++) into[i] = column[places[from + i]];
}

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
  const projected = norm === "LayerNorm" ? rows.orthogonal : rows.norm;
  leanings(rows, count, angle, deviation);
  cosines(rows, count, cols, dCos2, swap);
  standardize(projected, count, cols, eps, standardized);
  // Name by name: to spread the rows' columns takes as long as the angles.
  const { norm: length, scaled, angleAfter, affine, total } = rows;
  return {
    angle,
    deviation,
    norm: length,
    projected,
    standardized,
    scaled,
    angleAfter,
    affine,
    total,
    dCos2,
    swap,
  };
}

/**
 * θ = angle(x, 1) and |90° − θ|, from both components: an arc cosine would lose digits near 0°, and the latter must not be
 * a difference.
 */
function leanings({ uniform, orthogonal }: Columns, count: number, angle: Float64Array, deviation: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const lean = Math.atan2(uniform[i], orthogonal[i]) * degrees;
    angle[i] = 90 - lean;
    deviation[i] = Math.abs(lean);
  }
}

/**
 * d·cos²θ, and the swap error 2 sin(φ/2) = sin φ / cos(φ/2) of φ = |90° − θ| with sin φ = |cos θ|: no digit is lost, and no
 * sine is needed.
 */
function cosines(
  { norm, uniform, orthogonal }: Columns,
  count: number,
  cols: number,
  dCos2: Float64Array,
  swap: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const cosine = uniform[i] / norm[i];
    dCos2[i] = cols * cosine * cosine;
    swap[i] = Math.abs(cosine) / Math.sqrt((1 + orthogonal[i] / norm[i]) / 2);
  }
}

/** √d·‖x⊥‖/√(‖x⊥‖² + d·eps) */
function standardize(projected: Float64Array, count: number, cols: number, eps: number, into: Float64Array): void {
  const root = Math.sqrt(cols);
  const soft = cols * eps;
  for (let i = 0; i < count; i++) {
    const through = projected[i];
    if (through === 0) into[i] = 0;
    else into[i] = eps === 0 ? root : (root * through) / Math.sqrt(through * through + soft);
  }
}

function scratch(rows: number): Columns<"angle" | "deviation" | "dCos2" | "swap" | "standardized"> {
  const column = () => new Float64Array(rows);
  return { angle: column(), deviation: column(), dCos2: column(), swap: column(), standardized: column() };
}
