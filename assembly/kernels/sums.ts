import { Lanes, the } from "../lanes";
import { Norm } from "./norm";

/**
 * The order of summation, the same for a row in a block of four and for a row alone, so that a row's bits depend on
 * nothing but the row: not on its neighbours, the number of rows, or the path taken.
 *
 * A row of n vectors is cut into runs of n/4 vectors, an even number and at most 16 (64 in rows of thousands), four runs to
 * a stretch, as long as seventeen vectors are left: fewer are added in order (LayerNorm 128×64: 14 % faster). A run's
 * vectors are added two by two, and the pairs in order; four runs make a stretch's sum, and the stretches' sums join the
 * row's, as does in the end the sum of the vectors left over and the last elements. The block kernel walks the runs one
 * after another for four rows at a time, the row kernel walks a stretch's four runs side by side: both keep four
 * independent chains of additions, which hides their latency.
 *
 * Sums of sums of short sums: rows near a constant, or of two values in turn, round the same way at each addition, so
 * the error grows with the longest chain of additions, not with its root. Runs of 16 vectors keep every such row that
 * test/kernels.test.ts tries within the contract; runs of 64 in one total had 1.7 times the error it allows.
 */
export function longestRun(row: usize, step: usize): usize {
  return row > 2048 * step ? 64 * step : 16 * step; // beyond 2048 vectors, the stretches would get many
}

/** How a row is read: as it lies, or (x·scale) − shift. */
@unmanaged
export abstract class Reading<L extends Lanes> {
  abstract load(p: usize, scale: v128, shift: v128): v128;
  /** The first n elements, the other lanes 0. */
  abstract loadPart(p: usize, n: i32, scale: v128, shift: v128): v128;
}

@final @unmanaged
export class Plain<L extends Lanes> extends Reading<L> {
  @inline load(p: usize, scale: v128, shift: v128): v128 { return the<L>().loadFinite(p); }
  @inline loadPart(p: usize, n: i32, scale: v128, shift: v128): v128 { return the<L>().loadPart(p, n); }
}

@final @unmanaged
export class Shifted<L extends Lanes> extends Reading<L> {
  @inline load(p: usize, scale: v128, shift: v128): v128 {
    return the<L>().sub(the<L>().mul(the<L>().load(p), scale), shift);
  }
  @inline loadPart(p: usize, n: i32, scale: v128, shift: v128): v128 {
    return the<L>().keep(the<L>().sub(the<L>().mul(the<L>().loadPart(p, n), scale), shift), n);
  }
}

/** S1 and S2 of one row, in one pass: four runs side by side. */
@unmanaged
export class RowSums<L extends Lanes, N extends Norm<L>, R extends Reading<L>> {
  @inline run(x: usize, cols: i32, scale: v128, shift: v128): v128 {
    const l = the<L>(), n = the<N>(), r = the<R>(), zero = l.splat(0), step = l.step;
    const tail = cols & (l.width - 1), end = x + <usize>(cols - tail) * l.size;
    const longest = longestRun(end - x, step);
    let s = zero, t = zero, q = zero, i = x;
    while (end - i >= 17 * step) {
      let s0 = zero, s1 = zero, s2 = zero, s3 = zero, t0 = zero, t1 = zero, t2 = zero, t3 = zero;
      let q0 = zero, q1 = zero, q2 = zero, q3 = zero;
      const run = min(longest, ((end - i) >> 2) & ~(2 * step - 1)), run2 = run + run, run3 = run2 + run;
      for (const stop = i + run; i < stop; i += 2 * step) {
        const v0 = r.load(i, scale, shift), v1 = r.load(i + run, scale, shift);
        const v2 = r.load(i + run2, scale, shift), v3 = r.load(i + run3, scale, shift);
        const j = i + step;
        const w0 = r.load(j, scale, shift), w1 = r.load(j + run, scale, shift);
        const w2 = r.load(j + run2, scale, shift), w3 = r.load(j + run3, scale, shift);
        if (n.centred) {
          s0 = l.sumLow(s0, v0, w0); s1 = l.sumLow(s1, v1, w1); s2 = l.sumLow(s2, v2, w2); s3 = l.sumLow(s3, v3, w3);
          if (l.wide) { t0 = l.sumHigh(t0, v0, w0); t1 = l.sumHigh(t1, v1, w1); t2 = l.sumHigh(t2, v2, w2); t3 = l.sumHigh(t3, v3, w3); }
        }
        q0 = l.squares(q0, v0, w0); q1 = l.squares(q1, v1, w1); q2 = l.squares(q2, v2, w2); q3 = l.squares(q3, v3, w3);
      }
      i += run3;
      if (n.centred) {
        s = l.join(s, l.join(l.join(l.join(s0, s1), s2), s3));
        if (l.wide) t = l.join(t, l.join(l.join(l.join(t0, t1), t2), t3));
      }
      q = l.add(q, l.add(l.add(l.add(q0, q1), q2), q3));
    }
    // what is left is summed by itself: each addition to a long sum would round at that sum's size
    let s0 = zero, t0 = zero, q0 = zero;
    for (; i < end; i += step) {
      const v = r.load(i, scale, shift);
      if (n.centred) { s0 = l.sumLow(s0, v, zero); if (l.wide) t0 = l.sumHigh(t0, v, zero); }
      q0 = l.fma(v, v, q0);
    }
    if (tail) {
      const v = r.loadPart(i, tail, scale, shift);
      if (n.centred) { s0 = l.sumLow(s0, v, zero); if (l.wide) t0 = l.sumHigh(t0, v, zero); }
      q0 = l.fma(v, v, q0);
    }
    if (n.centred) { s = l.join(s, s0); if (l.wide) t = l.join(t, t0); }
    q = l.add(q, q0);
    return l.pair(s, t, q);
  }
}
