import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { dust, sums } from "./scratch";

// The order of summation is one for all paths, so that a row's bits depend on nothing but the row: not on its neighbours,
// the number of rows, or where the result goes.
//
// A row is summed four vectors at a time, ((a + b) + (c + d)) onto a run's sum; sixteen fours make a run; and the runs'
// sums join the row's by Kahan's compensated addition, as does in the end the sum of the vectors left over and the last
// elements. Each chain takes one addition for four vectors, so its latency hides behind the additions within the fours,
// and one row at a time runs as fast as several side by side: 1.0 cycles a vector where the adders need 1.0.
//
// Rows near a constant, or of two values in turn, round the same way at each addition, so the error grows with the
// longest chain of additions, not with its root. Chains of 16 and compensation above them keep every such row that
// test/engine/kernels.test.ts tries within the contract, whatever its length; runs joined in a plain chain had 1.3 times the error
// it allows (two values in turn, 2014 columns: 6.6e-7).

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

/** S1 and S2 of one row, in one pass. */
@unmanaged
export class RowSums<L extends Lanes, N extends Norm<L>, R extends Reading<L>> {
  /**
   * Both to scratch at `at`, not folded yet. The row has `tail` elements after `body` bytes of vectors, `fours` of them in
   * fours; whoever sums many rows finds that out once (Node 20, RMSNorm 128×64: 12 %). `touch`, known when compiled: read
   * a word of each cache line at x + ahead too, so that the output's lines come from memory while the row's do.
   */
  @inline keep(
    at: usize, x: usize, fours: usize, body: usize, tail: i32, scale: v128, shift: v128, touch: bool, ahead: usize,
  ): void {
    const l = the<L>(), n = the<N>(), r = the<R>(), zero = l.splat(0), step = l.step;
    let s = zero, t = zero, q = zero, lostS = zero, lostQ = zero, i = x, seen = 0;
    for (const end = x + fours; i < end;) {
      let s0 = zero, t0 = zero, q0 = zero;
      for (const stop = min(end, i + 64 * step); i < stop; i += 4 * step) {
        if (touch) seen ^= load<i32>(i + ahead);
        const a = r.load(i, scale, shift), b = r.load(i + step, scale, shift);
        const c = r.load(i + 2 * step, scale, shift), d = r.load(i + 3 * step, scale, shift);
        if (n.centred) { s0 = l.join(s0, l.sumFour(a, b, c, d)); if (l.wide) t0 = l.join(t0, l.sumFourHigh(a, b, c, d)); }
        q0 = l.add(q0, l.squaresFour(a, b, c, d));
      }
      if (n.centred && l.wide) { s = l.join(s, s0); t = l.join(t, t0); }
      if (n.centred && !l.wide) { const u = l.sub(s0, lostS), v = l.add(s, u); lostS = l.orZero(l.sub(l.sub(v, s), u)); s = v; }
      const u = l.sub(q0, lostQ), v = l.add(q, u); lostQ = l.orZero(l.sub(l.sub(v, q), u)); q = v;
    }
    if (fours != body || tail) { // summed by itself: each addition to a long sum would round at that sum's size
      let s0 = zero, t0 = zero, q0 = zero;
      for (const end = x + body; i < end; i += step) {
        const v = r.load(i, scale, shift);
        if (n.centred) { s0 = l.join(s0, l.sumOne(v)); if (l.wide) t0 = l.join(t0, l.sumOneHigh(v)); }
        q0 = l.fma(v, v, q0);
      }
      if (tail) {
        const v = r.loadPart(i, tail, scale, shift);
        if (n.centred) { s0 = l.join(s0, l.sumOne(v)); if (l.wide) t0 = l.join(t0, l.sumOneHigh(v)); }
        q0 = l.fma(v, v, q0);
      }
      if (n.centred && l.wide) { s = l.join(s, s0); t = l.join(t, t0); }
      if (n.centred && !l.wide) s = l.add(s, l.sub(s0, lostS));
      q = l.add(q, l.sub(q0, lostQ));
    }
    if (n.centred) { v128.store(at, s); if (l.wide) v128.store(at + 16, t); }
    v128.store(at + 32, q);
    if (touch) store<i32>(dust, seen);
  }
  /** Both in one vector: see `Lanes.pair`. */
  @inline run(x: usize, cols: i32, scale: v128, shift: v128): v128 {
    const l = the<L>(), tail = cols & (l.width - 1), body = <usize>(cols - tail) * l.size, fours = body & ~(4 * l.step - 1);
    this.keep(sums, x, fours, body, tail, scale, shift, false, 0);
    return l.pair(v128.load(sums), v128.load(sums + 16), v128.load(sums + 32));
  }
}
