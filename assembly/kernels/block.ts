import { Lanes, the } from "../lanes";
import { Norm } from "./norm";
import { means, rests, rstds } from "./scratch";
import { Settle } from "./settle";
import { longestRun } from "./sums";

/**
 * Four rows side by side. Their sums are transposed into one vector, and one vector square root and division serve all
 * four; two by two they share the loads of weight and bias.
 *
 * The row loop is in here, not in the driver, because V8 unrolls the inner loops only if they are nested deeply
 * enough (Node 20: 13–32 % slower without).
 */
@unmanaged
export class Block<L extends Lanes, P extends Lanes, N extends Norm<L>> {
  @inline centre(v: v128, mean: v128, rest: v128): v128 {
    const t = the<N>().centred ? the<L>().sub(v, mean) : v;
    return the<N>().centred && the<L>().wide ? the<L>().sub(t, rest) : t;
  }
  /** How many rows it has done: all the fours, or those before the first block with a row that one pass cannot settle. */
  @inline run(
    y: usize, mean: usize, rstd: usize, x: usize, weight: usize, bias: usize, nextWeight: usize, nextBias: usize,
    rows: i32, cols: i32, eps: f64,
  ): i32 {
    const l = the<L>(), p = the<P>(), n = the<N>(), settle = the<Settle<L, N>>(), step = l.step, zero = l.splat(0);
    const row = <usize>cols * l.size, tail = cols & (l.width - 1), body = row - <usize>tail * l.size, out = y - x;
    const inverse = l.splat(1 / <f64>cols), epsilon = l.splat(eps);
    const longest = longestRun(body, step);
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      let x0 = x, x1 = x0 + row, x2 = x1 + row, x3 = x2 + row;
      let s0 = zero, s1 = zero, s2 = zero, s3 = zero, t0 = zero, t1 = zero, t2 = zero, t3 = zero;
      let q0 = zero, q1 = zero, q2 = zero, q3 = zero;
for (const end = x + body; end - x0 >= 17 * step;) { // a stretch of four runs: see sums.ts
        const run = min(longest, ((end - x0) >> 2) & ~(2 * step - 1));
        let i0 = zero, i1 = zero, i2 = zero, i3 = zero, j0 = zero, j1 = zero, j2 = zero, j3 = zero;
        let k0 = zero, k1 = zero, k2 = zero, k3 = zero;
        for (const stretch = x0 + 4 * run; x0 < stretch;) {
          let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
          let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
          for (const stop = x0 + run; x0 < stop; x0 += 2 * step, x1 += 2 * step, x2 += 2 * step, x3 += 2 * step) {
            const v0 = l.loadFinite(x0), v1 = l.loadFinite(x1), v2 = l.loadFinite(x2), v3 = l.loadFinite(x3);
            const w0 = l.loadFinite(x0 + step), w1 = l.loadFinite(x1 + step), w2 = l.loadFinite(x2 + step), w3 = l.loadFinite(x3 + step);
            if (n.centred) {
              a0 = l.sumLow(a0, v0, w0); a1 = l.sumLow(a1, v1, w1); a2 = l.sumLow(a2, v2, w2); a3 = l.sumLow(a3, v3, w3);
              if (l.wide) { b0 = l.sumHigh(b0, v0, w0); b1 = l.sumHigh(b1, v1, w1); b2 = l.sumHigh(b2, v2, w2); b3 = l.sumHigh(b3, v3, w3); }
            }
            c0 = l.squares(c0, v0, w0); c1 = l.squares(c1, v1, w1); c2 = l.squares(c2, v2, w2); c3 = l.squares(c3, v3, w3);
          }
          if (n.centred) {
            i0 = l.join(i0, a0); i1 = l.join(i1, a1); i2 = l.join(i2, a2); i3 = l.join(i3, a3);
            if (l.wide) { j0 = l.join(j0, b0); j1 = l.join(j1, b1); j2 = l.join(j2, b2); j3 = l.join(j3, b3); }
          }
          k0 = l.add(k0, c0); k1 = l.add(k1, c1); k2 = l.add(k2, c2); k3 = l.add(k3, c3);
        }
        if (n.centred) {
          s0 = l.join(s0, i0); s1 = l.join(s1, i1); s2 = l.join(s2, i2); s3 = l.join(s3, i3);
          if (l.wide) { t0 = l.join(t0, j0); t1 = l.join(t1, j1); t2 = l.join(t2, j2); t3 = l.join(t3, j3); }
        }
        q0 = l.add(q0, k0); q1 = l.add(q1, k1); q2 = l.add(q2, k2); q3 = l.add(q3, k3);
      }
      let a0 = zero, a1 = zero, a2 = zero, a3 = zero, b0 = zero, b1 = zero, b2 = zero, b3 = zero;
      let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
      for (const end = x + body; x0 < end; x0 += step, x1 += step, x2 += step, x3 += step) {
        const v0 = l.loadFinite(x0), v1 = l.loadFinite(x1), v2 = l.loadFinite(x2), v3 = l.loadFinite(x3);
        if (n.centred) {
          a0 = l.sumLow(a0, v0, zero); a1 = l.sumLow(a1, v1, zero); a2 = l.sumLow(a2, v2, zero); a3 = l.sumLow(a3, v3, zero);
          if (l.wide) { b0 = l.sumHigh(b0, v0, zero); b1 = l.sumHigh(b1, v1, zero); b2 = l.sumHigh(b2, v2, zero); b3 = l.sumHigh(b3, v3, zero); }
        }
        c0 = l.fma(v0, v0, c0); c1 = l.fma(v1, v1, c1); c2 = l.fma(v2, v2, c2); c3 = l.fma(v3, v3, c3);
      }
      if (tail) {
        const v0 = l.loadPart(x0, tail), v1 = l.loadPart(x1, tail), v2 = l.loadPart(x2, tail), v3 = l.loadPart(x3, tail);
        if (n.centred) {
          a0 = l.sumLow(a0, v0, zero); a1 = l.sumLow(a1, v1, zero); a2 = l.sumLow(a2, v2, zero); a3 = l.sumLow(a3, v3, zero);
          if (l.wide) { b0 = l.sumHigh(b0, v0, zero); b1 = l.sumHigh(b1, v1, zero); b2 = l.sumHigh(b2, v2, zero); b3 = l.sumHigh(b3, v3, zero); }
        }
        c0 = l.fma(v0, v0, c0); c1 = l.fma(v1, v1, c1); c2 = l.fma(v2, v2, c2); c3 = l.fma(v3, v3, c3);
      }
      if (n.centred) {
        s0 = l.join(s0, a0); s1 = l.join(s1, a1); s2 = l.join(s2, a2); s3 = l.join(s3, a3);
        if (l.wide) { t0 = l.join(t0, b0); t1 = l.join(t1, b1); t2 = l.join(t2, b2); t3 = l.join(t3, b3); }
      }
      q0 = l.add(q0, c0); q1 = l.add(q1, c1); q2 = l.add(q2, c2); q3 = l.add(q3, c3);
      let sound = settle.block(l.foldSums(s0, t0, s1, t1, s2, t2, s3, t3), l.fold(q0, q1, q2, q3), 0, inverse, epsilon);
      if (l.width == 2) { // a vector holds two rows: the other two
        const other = settle.block(l.foldSums(s2, t2, s3, t3, s2, t2, s3, t3), l.fold(q2, q3, q2, q3), 16, inverse, epsilon);
        sound = sound && other;
      }
      if (!sound) break;
      if (n.centred && l.wide) {
        v128.store(rests, l.foldRests(s0, t0, s1, t1, s2, t2, s3, t3, v128.load(means), <f64>cols));
      }

      // Two rows at a time: the pointers of four are more than V8 has registers for, and rows of a multiple of 4 KiB, with
      // their outputs, are eight streams in one set of the cache (LayerNorm 128×2048: 97 µs with four, 76 with two)
      for (let k: usize = 0; k < 4 * l.lane; k += 2 * l.lane) {
        const m0 = l.loadSplat(means + k), m1 = l.loadSplat(means + k + l.lane);
        const r0 = l.loadSplat(rstds + k), r1 = l.loadSplat(rstds + k + l.lane);
        let e0 = zero, e1 = zero;
        if (n.centred && l.wide) { e0 = l.loadSplat(rests + k); e1 = l.loadSplat(rests + k + l.lane); }
        let w = weight, b = bias;
        x0 = x + (k == 0 ? 0 : 2 * row); x1 = x0 + row;
        for (const end = x0 + body; x0 < end; x0 += step, x1 += step, w += nextWeight, b += nextBias) {
          const g = n.weighted ? p.load(w) : zero, h = n.biased ? p.load(b) : zero;
          const v0 = l.load(x0), v1 = l.load(x1);
          n.write(x0 + out, this.centre(v0, m0, e0), m0, r0, g, h);
          n.write(x1 + out, this.centre(v1, m1, e1), m1, r1, g, h);
        }
      }
      if (tail) {
        const past = body / step;
        const g = n.weighted ? p.loadPart(weight + past * nextWeight, tail) : zero;
        const h = n.biased ? p.loadPart(bias + past * nextBias, tail) : zero;
        x0 = x + body;
        for (let k: usize = 0; k < 4 * l.lane; k += l.lane, x0 += row) {
          const m = l.loadSplat(means + k);
          let v = l.loadPart(x0, tail);
          if (n.centred) v = l.sub(v, m);
          if (n.centred && l.wide) v = l.sub(v, l.loadSplat(rests + k));
          n.writePart(x0 + out, v, m, l.loadSplat(rstds + k), g, h, tail);
        }
      }
      for (let k: usize = 0; k < 4 * l.lane; k += 16) {
        if (mean) { v128.store(mean, v128.load(means + k)); mean += 16; }
        if (rstd) { v128.store(rstd, v128.load(rstds + k)); rstd += 16; }
      }
      x += 4 * row;
    }
    return r;
  }
}
