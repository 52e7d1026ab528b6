import { Lanes, Pairs, trait } from "../lanes";
import { Term } from "../reduce/terms";
import { means, meansLow, rest, rstds, scale, scratch, shift } from "../scratch";
import { Norm } from "./norm";

/**
 * The second pass: the output of N for one row, or for two that share the loads of weight and bias. It takes four vectors at a
 * time, for the loads and stores of a vector cost less than the scalar instructions that would stand between single ones.
 *
 * A cycle takes two loads, or two multiplications and two additions. So with three loads per vector one row is bound
 * by its loads (LayerNorm 1.7 cycles per vector), and two rows with two loads by the arithmetic (1.3).
 */
@unmanaged
export class Output<L extends Lanes, P extends Lanes, T extends Term<L>, N extends Norm<L>> {
  /**
   * The row at x and, if `two`, the next one, whose statistics are in scratch at `lane` and in the lane after it. If `exact`,
   * the row is read as (x·scale − shift) − rest, as `robustStatistics` left them. Both are known when compiled.
   */
  @inline run(
    two: bool, exact: bool, y: usize, nextY: usize, x: usize, nextX: usize, weight: usize, bias: usize, nextWeight: usize,
    nextBias: usize, fours: usize, body: usize, tail: i32, lane: usize,
  ): void {
    const l = trait<L>(), p = trait<P>(), n = trait<N>(), centered = trait<T>().first, step = l.step, zero = l.splat(0);
    const out = y - x, out1 = out + nextY - nextX, at = scratch + lane;
    // per row: its mean, what is subtracted and then what of the mean is left, and its rstd
    let mean0 = zero, mean1 = zero, m0 = zero, m1 = zero, e0 = zero, e1 = zero, r0 = l.loadSplat(at + rstds), r1 = zero, k = zero;
    if (two) r1 = l.loadSplat(at + rstds + l.lane);
    if (centered) { m0 = mean0 = l.loadSplat(at + means); if (two) m1 = mean1 = l.loadSplat(at + means + l.lane); }
    if (trait<T>().wide) { e0 = l.loadSplat(at + meansLow); if (two) e1 = l.loadSplat(at + meansLow + l.lane); }
    if (exact) {
      k = l.splat(load<f64>(scratch, scale));
      m0 = l.splat(load<f64>(scratch, shift)); e0 = l.splat(load<f64>(scratch, rest));
    }

    let i = x, w = weight, b = bias;
    if (!exact && this.paired) {
      const pairs = trait<Pairs<L>>(), field = pairs.field, up = pairs.up, half = pairs.half, signs = pairs.signs, down = pairs.down;
      for (const end = x + (body & ~(2 * step - 1)); i < end; i += 2 * step, w += 2 * nextWeight, b += 2 * nextBias) {
        let g0 = zero, g1 = zero, h0 = zero, h1 = zero;
        if (n.weighted) { const u = p.load(w), v = p.loadNext(w); g0 = pairs.evenOf(u, v); g1 = pairs.oddOf(u, v); }
        if (n.biased) { const u = p.load(b), v = p.loadNext(b); h0 = pairs.evenOf(u, v); h1 = pairs.oddOf(u, v); }
        this.pair(i + out, i, m0, e0, mean0, r0, g0, g1, h0, h1, field, up, half, signs, down);
        if (two) this.pair(i + nextX + out1, i + nextX, m1, e1, mean1, r1, g0, g1, h0, h1, field, up, half, signs, down);
      }
    } else for (const end = x + fours; i < end; i += 4 * step, w += 4 * nextWeight, b += 4 * nextBias) {
      if (!two) { this.single(exact, i + out, i, k, m0, e0, mean0, r0, w, b); continue; }
      let g0 = zero, g1 = zero, g2 = zero, g3 = zero, h0 = zero, h1 = zero, h2 = zero, h3 = zero;
      if (n.weighted) { g0 = p.load(w); g1 = p.load(w + p.step); g2 = p.load(w + 2 * p.step); g3 = p.load(w + 3 * p.step); }
      if (n.biased) { h0 = p.load(b); h1 = p.load(b + p.step); h2 = p.load(b + 2 * p.step); h3 = p.load(b + 3 * p.step); }
      this.four(exact, i + out, i, k, m0, e0, mean0, r0, g0, g1, g2, g3, h0, h1, h2, h3);
      this.four(exact, i + nextX + out1, i + nextX, k, m1, e1, mean1, r1, g0, g1, g2, g3, h0, h1, h2, h3);
    }
    for (const end = x + body; i < end; i += step, w += nextWeight, b += nextBias) {
      const g = n.weighted ? p.load(w) : zero, h = n.biased ? p.load(b) : zero;
      this.one(i + out, this.center(exact, l.load(i), k, m0, e0), mean0, r0, g, h);
      if (two) this.one(i + nextX + out1, this.center(exact, l.load(i + nextX), k, m1, e1), mean1, r1, g, h);
    }
    if (tail) {
      const g = n.weighted ? p.loadPart(w, tail) : zero, h = n.biased ? p.loadPart(b, tail) : zero;
      this.part(i + out, this.center(exact, l.loadPart(i, tail), k, m0, e0), mean0, r0, g, h, tail);
      if (two) this.part(i + nextX + out1, this.center(exact, l.loadPart(i + nextX, tail), k, m1, e1), mean1, r1, g, h, tail);
    }
  }

  @inline center(exact: bool, v: v128, k: v128, m: v128, e: v128): v128 {
    const l = trait<L>();
    if (exact) return l.sub(l.sub(l.mul(v, k), m), e);
    if (trait<T>().wide) return l.sub(l.sub(v, m), e);
    return trait<T>().first ? l.sub(v, m) : v;
  }
  /** Are halves taken in pairs? They are where there is a weight: `center` has the rounding, and so the bits, of `decompose`. */
  @inline get paired(): bool { return trait<Pairs<L>>().exist && trait<N>().weighted; }
  /** Eight halves. */
  @inline pair(
    y: usize, x: usize, m: v128, e: v128, mean: v128, r: v128, g0: v128, g1: v128, h0: v128, h1: v128,
    field: v128, up: v128, half: v128, signs: v128, down: v128,
  ): void {
    const l = trait<L>(), n = trait<N>(), pairs = trait<Pairs<L>>(), scaled = n.multiple && !pairs.bf16, bits = v128.load(x);
    const t0 = this.center(false, pairs.even(bits, field, up, scaled), m, m, e);
    const t1 = this.center(false, pairs.odd(bits, field, up, scaled), m, m, e);
    // f16 times 2^-112 is the last factor of a multiple: x·rstd might be subnormal where y is not. rstd·weight does not
    // overflow: weights are below 65504/√cols, and an accepted row's rstd below 4e12·√cols
    const y0 = scaled ? l.mul(t0, l.mul(r, g0)) : n.value(t0, mean, r, g0, h0);
    const y1 = scaled ? l.mul(t1, l.mul(r, g1)) : n.value(t1, mean, r, g1, h1);
    pairs.store(y, y0, y1, half, signs, down, scaled);
  }
  /** All loads come before the stores, so that y may be x. */
  @inline four(
    exact: bool, y: usize, x: usize, k: v128, m: v128, e: v128, mean: v128, r: v128,
    g0: v128, g1: v128, g2: v128, g3: v128, h0: v128, h1: v128, h2: v128, h3: v128,
  ): void {
    const l = trait<L>(), n = trait<N>(), step = l.step;
    const t0 = this.center(exact, l.load(x), k, m, e), t1 = this.center(exact, l.load(x + step), k, m, e);
    const t2 = this.center(exact, l.load(x + 2 * step), k, m, e), t3 = this.center(exact, l.load(x + 3 * step), k, m, e);
    l.storeTwo(y, n.value(t0, mean, r, g0, h0), n.value(t1, mean, r, g1, h1));
    l.storeTwo(y + 2 * step, n.value(t2, mean, r, g2, h2), n.value(t3, mean, r, g3, h3));
    n.more(y, t0, mean, r); n.more(y + step, t1, mean, r); n.more(y + 2 * step, t2, mean, r); n.more(y + 3 * step, t3, mean, r);
  }
  /** The same of a row by itself: weight and bias are loaded where they are used, which needs fewer registers. */
  @inline single(
    exact: bool, y: usize, x: usize, k: v128, m: v128, e: v128, mean: v128, r: v128, w: usize, b: usize,
  ): void {
    const l = trait<L>(), p = trait<P>(), n = trait<N>(), step = l.step, zero = l.splat(0);
    const t0 = this.center(exact, l.load(x), k, m, e), t1 = this.center(exact, l.load(x + step), k, m, e);
    const t2 = this.center(exact, l.load(x + 2 * step), k, m, e), t3 = this.center(exact, l.load(x + 3 * step), k, m, e);
    const y0 = n.value(t0, mean, r, n.weighted ? p.load(w) : zero, n.biased ? p.load(b) : zero);
    const y1 = n.value(t1, mean, r, n.weighted ? p.load(w + p.step) : zero, n.biased ? p.load(b + p.step) : zero);
    l.storeTwo(y, y0, y1);
    const y2 = n.value(t2, mean, r, n.weighted ? p.load(w + 2 * p.step) : zero, n.biased ? p.load(b + 2 * p.step) : zero);
    const y3 = n.value(t3, mean, r, n.weighted ? p.load(w + 3 * p.step) : zero, n.biased ? p.load(b + 3 * p.step) : zero);
    l.storeTwo(y + 2 * step, y2, y3);
    n.more(y, t0, mean, r); n.more(y + step, t1, mean, r); n.more(y + 2 * step, t2, mean, r); n.more(y + 3 * step, t3, mean, r);
  }
  @inline one(y: usize, t: v128, mean: v128, r: v128, g: v128, h: v128): void {
    trait<L>().store(y, trait<N>().value(t, mean, r, g, h));
    trait<N>().more(y, t, mean, r);
  }
  @inline part(y: usize, t: v128, mean: v128, r: v128, g: v128, h: v128, tail: i32): void {
    trait<L>().storePart(y, trait<N>().value(t, mean, r, g, h), tail);
    trait<N>().morePart(y, t, mean, r, tail);
  }
}
