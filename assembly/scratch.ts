// Scratch: 2 KiB that belong to the instance. What is here are offsets from its start, as `v128.load(scratch, means)` reads them.

export { scratch } from "./env";

/** The most rows that a block may have. */
export const maxRows: i32 = 16;

// What a block of rows knows of itself. From the statistics to the output loop it goes through memory, never in
// locals: V8 before 13 (Node 20, 22) sinks a row's scalar square root and division into the loop that uses them, which
// made RMSNorm 128×768 take 24 µs instead of 11.

/** A row's sums, 48 bytes per row: see reduce.ts. */
export const sums: usize = 64;
/** One lane per row (f64: 8 bytes): its mean, what the mean lacks of the true one, its rstd, its Σx². */
export const means: usize = 832;
export const meansLow: usize = 960;
export const rstds: usize = 1088;
export const squares: usize = 1216;
/** One lane of ones for each row that one pass could be trusted with, and for each other row that two could. */
export const accepted: usize = 1344;
export const recovered: usize = 1472;

// Stand-ins for arguments that are absent, and arguments that are too many to pass.

/** Four vectors of 1 and four of 0: an absent weight, an absent bias. They are read with stride 0. */
export const ones: usize = 1600;
export const zeros: usize = 1664;
/** rmsNorm's weightOffset, in every lane. */
export const weightOffsets: usize = 1728;
/** What brings x less its mean back to the units of x, in every lane: 1, but in a row that `robustStatistics` had to scale. */
export const inverseScale: usize = 1744;
/** decompose's outputs, as distances from its first, and 1/√cols in every lane. */
export const outputOffsets: usize = 1760;
export const rootInverse: usize = 1776;
/** Where a prefetch leaves what it read, so that nothing drops the reads. */
export const prefetchSink: usize = 1792;

/** What `robustStatistics` and `RowStatistics` found out about a row, four f64: see there. */
export const scale: usize = 1808;
export const shift: usize = 1816;
export const rest: usize = 1824;
export const variance: usize = 1832;

/** A row's 1/rstd, for invertLayerNorm: an f64, in memory for the same reason as a block's statistics. */
export const stdDev: usize = 1840;

/**
 * Not 0 where the rows of a call are some of many that together are beyond cache. Workers, which get a piece of the rows at a
 * time, are told so by the bindings; in all other calls it is 0.
 */
export const part: usize = 1980;
