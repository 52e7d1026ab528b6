import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { means, rest, rests, rstds, scale, shift } from "./scratch";

/**
 * The second pass: N's output of one row, or of two that share the loads of weight and bias. Four vectors at a time, for
 * the loads and stores of a vector cost less than the scalar instructions that would stand between single ones.
 *
 * A cycle takes two loads, or two multiplications with two additions; so with three loads a vector one row is bound
 * by its loads (LayerNorm 1.7 cycles a vector), two rows with two loads by the arithmetic (1.3).
 */
@unmanaged
export class Output<L extends Lanes, P extends Lanes, N extends Norm<L>> {
  /**
   * Rows at x and, if `two`, at x + row, whose statistics are in scratch at `lane` and the lane after it. If `exact`, the
   * row is read as (x·scale − shift) − rest, as `resolve` left them. Both are known when compiled.
   */
  @inline run(
    two: bool, exact: bool, y: usize, x: usize, weight: usize, bias: usize, nextWeight: usize, nextBias: usize,
    row: usize, fours: usize, body: usize, tail: i32, lane: usize,
  ): void {
    const l = the<L>(), p = the<P>(), n = the<N>(), step = l.step, zero = l.splat(0), out = y - x;
    // a row's mean, what is subtracted and then what of it is left, and its reciprocal deviation
    let mean0 = zero, mean1 = zero, m0 = zero, m1 = zero, e0 = zero, e1 = zero, r0 = l.loadSplat(rstds + lane), r1 = zero, k = zero;
    if (two) r1 = l.loadSplat(rstds + lane + l.lane);
    if (n.centred) { m0 = mean0 = l.loadSplat(means + lane); if (two) m1 = mean1 = l.loadSplat(means + lane + l.lane); }
    if (n.centred && l.wide) { e0 = l.loadSplat(rests + lane); if (two) e1 = l.loadSplat(rests + lane + l.lane); }
    if (exact) { k = l.splat(load<f64>(scale)); m0 = l.splat(load<f64>(shift)); e0 = l.splat(load<f64>(rest)); }

    let i = x, w = weight, b = bias;
    for (const end = x + fours; i < end; i += 4 * step, w += 4 * nextWeight, b += 4 * nextBias) {
      let g0 = zero, g1 = zero, g2 = zero, g3 = zero, h0 = zero, h1 = zero, h2 = zero, h3 = zero;
      if (n.weighted) { g0 = p.load(w); g1 = p.load(w + p.step); g2 = p.load(w + 2 * p.step); g3 = p.load(w + 3 * p.step); }
      if (n.biased) { h0 = p.load(b); h1 = p.load(b + p.step); h2 = p.load(b + 2 * p.step); h3 = p.load(b + 3 * p.step); }
      this.four(exact, i + out, i, k, m0, e0, mean0, r0, g0, g1, g2, g3, h0, h1, h2, h3);
      if (two) this.four(exact, i + row + out, i + row, k, m1, e1, mean1, r1, g0, g1, g2, g3, h0, h1, h2, h3);
    }
    for (const end = x + body; i < end; i += step, w += nextWeight, b += nextBias) {
      const g = n.weighted ? p.load(w) : zero, h = n.biased ? p.load(b) : zero;
      this.one(i + out, this.centre(exact, l.load(i), k, m0, e0), mean0, r0, g, h);
      if (two) this.one(i + row + out, this.centre(exact, l.load(i + row), k, m1, e1), mean1, r1, g, h);
    }
    if (tail) {
      const g = n.weighted ? p.loadPart(w, tail) : zero, h = n.biased ? p.loadPart(b, tail) : zero;
      this.part(i + out, this.centre(exact, l.loadPart(i, tail), k, m0, e0), mean0, r0, g, h, tail);
      if (two) this.part(i + row + out, this.centre(exact, l.loadPart(i + row, tail), k, m1, e1), mean1, r1, g, h, tail);
    }
  }

  @inline centre(exact: bool, v: v128, k: v128, m: v128, e: v128): v128 {
    const l = the<L>(), n = the<N>();
    if (exact) return l.sub(l.sub(l.mul(v, k), m), e);
    if (n.centred && l.wide) return l.sub(l.sub(v, m), e);
    return n.centred ? l.sub(v, m) : v;
  }
  /** Loads before stores, so that y may be x. */
  @inline four(
    exact: bool, y: usize, x: usize, k: v128, m: v128, e: v128, mean: v128, r: v128,
    g0: v128, g1: v128, g2: v128, g3: v128, h0: v128, h1: v128, h2: v128, h3: v128,
  ): void {
    const l = the<L>(), n = the<N>(), step = l.step;
    const t0 = this.centre(exact, l.load(x), k, m, e), t1 = this.centre(exact, l.load(x + step), k, m, e);
    const t2 = this.centre(exact, l.load(x + 2 * step), k, m, e), t3 = this.centre(exact, l.load(x + 3 * step), k, m, e);
    l.storeTwo(y, n.value(t0, mean, r, g0, h0), n.value(t1, mean, r, g1, h1));
    l.storeTwo(y + 2 * step, n.value(t2, mean, r, g2, h2), n.value(t3, mean, r, g3, h3));
    n.more(y, t0, mean, r); n.more(y + step, t1, mean, r); n.more(y + 2 * step, t2, mean, r); n.more(y + 3 * step, t3, mean, r);
  }
  @inline one(y: usize, t: v128, mean: v128, r: v128, g: v128, h: v128): void {
    the<L>().store(y, the<N>().value(t, mean, r, g, h));
    the<N>().more(y, t, mean, r);
  }
  @inline part(y: usize, t: v128, mean: v128, r: v128, g: v128, h: v128, tail: i32): void {
    the<L>().storePart(y, the<N>().value(t, mean, r, g, h), tail);
    the<N>().morePart(y, t, mean, r, tail);
  }
}
