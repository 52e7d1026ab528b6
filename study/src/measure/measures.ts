/**
 * What the engine measures of each row, and the quantities of the paper that follow from it. Angles are in degrees.
 *
 * Inside measure/ the norm of a vector is its length; `norm` is LayerNorm or RMSNorm. In saved sums and --json ‖x‖ is "norm"
 * and |90° − θ| is "deviation", and so are the quantities here.
 */
import type { Grid } from "../summary/histogram.js";
import type { Norm } from "../types.js";
import { degrees } from "./null-model.js";

/** ‖x‖, x·1̂ and ‖x − (x·1̂)1̂‖. */
const ofStates = ["length", "uniform", "orthogonal"] as const;

/** ‖z‖, angle(z, 1), angle(y, z) and angle(x, z), where y is x standardized and z = weight ⊙ y + bias. */
const ofAffine = ["scaled", "angleAfter", "affine", "total"] as const;

export type Measure = (typeof ofStates)[number] | (typeof ofAffine)[number];

/**
 * The angle of a vector without direction, which weights of zeros leave. It is a number, so that a row's measures are numbers all
 * of them, and no angle: statistics leave it out.
 */
export const noAngle = -1;

/** What the quantities of a row depend on, besides the row. */
export interface Terms {
  /** Which norm the site has: RMSNorm projects nothing and standardizes x itself. */
  norm: Norm;
  cols: number;
  eps: number;
  withAffine: boolean;
  /** The |cos θ| below which a row counts as centred. */
  centredBelow: number;
}

export function measuresUnder({ withAffine }: Terms): readonly Measure[] {
  return withAffine ? [...ofStates, ...ofAffine] : ofStates;
}

/** The rows of a block, an array per measure: loops over arrays create no object per row. Without a weight its arrays are empty. */
export type Columns<Name extends string = Measure> = Record<Name, Float64Array>;

export function columnsOf(terms: Terms, rows: number): Columns {
  const columns: Columns = { ...noColumns };
  for (const name of measuresUnder(terms)) columns[name] = new Float64Array(rows);
  return columns;
}

const none = new Float64Array(0);
const noColumns: Readonly<Columns> = {
  length: none,
  uniform: none,
  orthogonal: none,
  scaled: none,
  angleAfter: none,
  affine: none,
  total: none,
};

const gathered: Columns = { ...noColumns };

/**
 * Some rows of a block, one after another.
 *
 * @param rowIndices of which `count` are taken, beginning with the one at `from`
 * @returns columns that hold until the next call
 */
export function gather(
  block: Columns,
  rowIndices: readonly number[],
  from: number,
  count: number,
  terms: Terms,
): Columns {
  for (const name of measuresUnder(terms)) {
    if (gathered[name].length < count) gathered[name] = new Float64Array(count);
    gatherInto(gathered[name], block[name], rowIndices, from, count);
  }
  return gathered;
}

function gatherInto(
  into: Float64Array,
  column: Float64Array,
  rowIndices: readonly number[],
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) into[i] = column[rowIndices[from + i]];
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

let derived = scratch(512);

/** The quantities of the first `count` rows. @returns columns that hold until the next call */
export function quantitiesOf(
  rows: Columns,
  count: number,
  { norm, cols, eps }: Terms,
): Columns<Quantity | "dCos2" | "swap"> {
  if (derived.angle.length < count) derived = scratch(count);
  const { angle, tilt, dCos2, swap, standardized } = derived;
  const projected = norm === "LayerNorm" ? rows.orthogonal : rows.length;
  tilts(rows, count, angle, tilt);
  cosines(rows, count, cols, dCos2, swap);
  standardize(projected, count, cols, eps, standardized);
  // Name by name, for spreading `rows` would take as long as computing the angles.
  const { length, scaled, angleAfter, affine, total } = rows;
  return {
    angle,
    deviation: tilt,
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
 * θ = angle(x, 1) and its tilt |90° − θ|, from both components: an arc cosine would lose digits near 0°, and the tilt must not
 * be computed as a difference.
 */
function tilts({ uniform, orthogonal }: Columns, count: number, angle: Float64Array, tilt: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const signed = Math.atan2(uniform[i], orthogonal[i]) * degrees;
    angle[i] = 90 - signed;
    tilt[i] = Math.abs(signed);
  }
}

/**
 * d·cos²θ, and the swap error 2 sin(φ/2) = sin φ / cos(φ/2) of the tilt φ, where sin φ = |cos θ|. Written so, no digit is lost
 * and no sine is needed.
 */
function cosines(
  { length, uniform, orthogonal }: Columns,
  count: number,
  cols: number,
  dCos2: Float64Array,
  swap: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const cosine = uniform[i] / length[i];
    dCos2[i] = cols * cosine * cosine;
    swap[i] = Math.abs(cosine) / Math.sqrt((1 + orthogonal[i] / length[i]) / 2);
  }
}

/** √d·‖x⊥‖/√(‖x⊥‖² + d·eps) */
function standardize(projected: Float64Array, count: number, cols: number, eps: number, into: Float64Array): void {
  const root = Math.sqrt(cols);
  const soft = cols * eps;
  for (let i = 0; i < count; i++) {
    const length = projected[i];
    if (length === 0) into[i] = 0;
    else into[i] = eps === 0 ? root : (root * length) / Math.sqrt(length * length + soft);
  }
}

function scratch(rows: number): Columns<"angle" | "tilt" | "dCos2" | "swap" | "standardized"> {
  const column = () => new Float64Array(rows);
  return { angle: column(), tilt: column(), dCos2: column(), swap: column(), standardized: column() };
}
