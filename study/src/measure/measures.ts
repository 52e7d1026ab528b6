/** What the engine measures of a row, and the quantities of the paper that follow from it. */
import type { Norm } from "../figures.js";
import type { Grid } from "./histogram.js";
import { degrees } from "./null-model.js";

/** One row: lengths, and with weights what became of it. Angles are in degrees. */
export interface Measures {
  /** ‖x‖, x·1̂ and ‖x − (x·1̂)1̂‖. */
  norm: number;
  uniform: number;
  orthogonal: number;
  /** ‖z‖, angle(z, 1), angle(y, z) and angle(x, z), with z = weight ⊙ y + bias. */
  affine: { scaled: number; angle: number; rotation: number; total: number } | null;
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

/** Those that need a weight. */
export const affineQuantities: readonly Quantity[] = ["scaled", "angleAfter", "affine", "total"];

export type Quantities = Record<Quantity, number> & { dCos2: number; swap: number };

/**
 * @param norm which norm the site has: RMSNorm projects nothing and standardizes x itself
 * @returns NaN for what needs a weight where there is none
 */
export function quantitiesOf(row: Measures, norm: Norm, cols: number, eps: number): Quantities {
  // From both components: an arc cosine would lose digits near 0°, and |90° − θ| must not be a difference.
  const lean = Math.atan2(row.uniform, row.orthogonal);
  const cosine = row.uniform / row.norm;
  const projected = norm === "LayerNorm" ? row.orthogonal : row.norm;
  const { affine } = row;
  return {
    angle: 90 - lean * degrees,
    deviation: Math.abs(lean) * degrees,
    dCos2: cols * cosine * cosine,
    swap: 2 * Math.sin(Math.abs(lean) / 2),
    norm: row.norm,
    projected,
    standardized: standardized(projected, cols, eps),
    scaled: affine === null ? Number.NaN : affine.scaled,
    angleAfter: affine === null ? Number.NaN : affine.angle,
    affine: affine === null ? Number.NaN : affine.rotation,
    total: affine === null ? Number.NaN : affine.total,
  };
}

/** √d·‖x⊥‖/√(‖x⊥‖² + d·eps). */
function standardized(length: number, cols: number, eps: number): number {
  if (length === 0) return 0;
  return eps === 0 ? Math.sqrt(cols) : (Math.sqrt(cols) * length) / Math.sqrt(length * length + cols * eps);
}
