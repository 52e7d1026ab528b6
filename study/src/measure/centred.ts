/**
 * States that were centred before they were measured, as TransformerLens leaves them: their mean is zero up to rounding, and their
 * angle 90° by construction.
 */

/** Half the distance between 1 and the next larger number, per dtype of a file. */
const unitRoundoff: Record<string, number> = { F64: 2 ** -53, F32: 2 ** -24, F16: 2 ** -11, BF16: 2 ** -8 };

/**
 * A row counts as centred where |mean|/RMS = |cos θ| is below this: 1e-6, or what rounding centred rows to a 16-bit format leaves
 * of their zero mean. For angles so close to 90° the swap error is the same number.
 */
export function centredBelow(dtype: string, cols: number): number {
  return Math.max(1e-6, (2 * unitRoundoff[dtype]) / Math.sqrt(cols));
}

/**
 * From how many rows on it is told that some are centred: from 1 % on, and from ten times as many as chance has. By chance |cos θ|
 * of a random direction is below a small c in a share c·√(2d/π) of the cases, which of BF16 is 0.6 %.
 */
export function tellingCentred(dtype: string, cols: number, rows: number): number {
  const byChance = centredBelow(dtype, cols) * Math.sqrt((2 * cols) / Math.PI);
  return rows * Math.max(0.01, 10 * byChance);
}
