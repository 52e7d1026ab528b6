// The first KiB of memory belongs to the kernels: `arena.ts` never hands it out. Two things live there.
//
// What a block of rows knows of itself. It crosses from the statistics to the output loop through memory, never in
// locals: V8 before 13 (Node 20, 22) sinks a row's scalar square root and division into the loop that uses them, which
// made RMSNorm 128×768 take 24 µs instead of 11.

/** Four lanes each (f64: 32 bytes): the means of a block, what they lack of the true means, the reciprocal deviations. */
export const means: usize = 64;
export const rests: usize = 96;
export const rstds: usize = 128;
/** S2 of its rows, and lanes of ones for those that one pass could be trusted with. */
export const squares: usize = 160;
export const verdicts: usize = 192;

// Stand-ins for arguments that are absent, and arguments that are too many to pass.

/** Four vectors of 1 and of 0: an absent weight, an absent bias. They are read with stride 0. */
export const ones: usize = 256;
export const zeros: usize = 320;
/** rmsNorm's weightOffset, in every lane. */
export const weightOffset: usize = 384;
/** Where `touch` leaves what it read, so that nothing drops the reads. */
export const dust: usize = 400;
/** What brings t back to x's units, in every lane: 1 but in a row that `resolve` had to scale. */
export const unscale: usize = 416;
/** decompose's outputs, as distances from its first, and 1/√d in every lane. */
export const distances: usize = 432;
export const rootInverse: usize = 480;

/** What `resolve` found out about a row, four f64 (see there), and so `Moments`. */
export const scale: usize = 448;
export const shift: usize = 456;
export const rest: usize = 464;
export const variance: usize = 472;
