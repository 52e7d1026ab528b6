// The first 2 KiB of memory belong to the kernels: `arena.ts` never hands them out.

/** As many rows as a block may have. */
export const mostRows: i32 = 16;

// What a block of rows knows of itself. It crosses from the statistics to the output loop through memory, never in
// locals: V8 before 13 (Node 20, 22) sinks a row's scalar square root and division into the loop that uses them, which
// made RMSNorm 128×768 take 24 µs instead of 11.

/** A row's S1, in two vectors where it is wide, and S2, 48 bytes a row: see sums.ts. */
export const sums: usize = 64;
/** A lane a row (f64: 8 bytes): its mean, what that lacks of the true mean, its reciprocal deviation, its S2. */
export const means: usize = 832;
export const rests: usize = 960;
export const rstds: usize = 1088;
export const squares: usize = 1216;
/** A lane of ones for each row that one pass could be trusted with, and for each that two could. */
export const verdicts: usize = 1344;
export const mendeds: usize = 1472;

// Stand-ins for arguments that are absent, and arguments that are too many to pass.

/** Four vectors of 1 and of 0: an absent weight, an absent bias. They are read with stride 0. */
export const ones: usize = 1600;
export const zeros: usize = 1664;
/** rmsNorm's weightOffset, in every lane. */
export const weightOffset: usize = 1728;
/** What brings t back to x's units, in every lane: 1 but in a row that `resolve` had to scale. */
export const unscale: usize = 1744;
/** decompose's outputs, as distances from its first, and 1/√d in every lane. */
export const distances: usize = 1760;
export const rootInverse: usize = 1776;
/** Where `touch` leaves what it read, so that nothing drops the reads. */
export const dust: usize = 1792;

/** What `resolve` found out about a row, four f64 (see there), and so `Statistics`. */
export const scale: usize = 1808;
export const shift: usize = 1816;
export const rest: usize = 1824;
export const variance: usize = 1832;

/** A row's 1/rstd, for invertLayerNorm: an f64, in memory for the same reason. */
export const deviation: usize = 1840;
