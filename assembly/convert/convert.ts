import { BF16, F16, F32, F64, Lanes, trait } from "../lanes";
import { Rows } from "../strides";

// convert: from one element type to another, each element rounded once, to nearest, ties to even; of the same type, copied.
//
// Four elements at a time, by way of f32 lanes, which hold every half exactly. From f64 to a half that would round twice: so
// the f32 is rounded to odd. Bytes per element: x once, out once.

export function toF32<L extends Lanes, P extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  convert<L, F32>(out, x, strides, rows, cols);
}

export function toF64<L extends Lanes, P extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  convert<L, F64>(out, x, strides, rows, cols);
}

export function toF16<L extends Lanes, P extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  convert<L, F16>(out, x, strides, rows, cols);
}

export function toBF16<L extends Lanes, P extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  convert<L, BF16>(out, x, strides, rows, cols);
}

function convert<L extends Lanes, T extends Lanes>(out: usize, x: usize, strides: usize, rows: i32, cols: i32): void {
  const nextOut = trait<Rows<T>>().stride(strides, 0, cols), nextX = trait<Rows<L>>().stride(strides, 1, cols);
  trait<Convert<L, T>>().rows(out, x, nextOut, nextX, rows, cols);
}

/** From L to T. */
@final @unmanaged
export class Convert<L extends Lanes, T extends Lanes> {
  rows(to: usize, from: usize, nextTo: usize, nextFrom: usize, rows: i32, cols: i32): void {
    for (let r = 0; r < rows; r++, to += nextTo, from += nextFrom) {
      if (isSame<L, T>()) memory.copy(to, from, <usize>cols * trait<L>().size);
      else this.row(to, from, cols);
    }
  }

  @inline row(to: usize, from: usize, cols: i32): void {
    const l = trait<L>(), t = trait<T>(), tail = cols & 3, body = <usize>(cols - tail) * l.size;
    for (const end = from + body; from < end; from += 4 * l.size, to += 4 * t.size) {
      if (l.width == 4 && t.width == 4) t.store(to, l.load(from));
      else if (l.width == 4) { // to f64
        const v = l.load(from);
        t.store(to, l.promoteLow(v));
        t.store(to + 16, l.promoteHigh(v));
      } else t.store(to, this.narrow(l.load(from), l.load(from + 16)));
    }
    if (!tail) return;
    if (l.width == 4 && t.width == 4) t.storePart(to, l.loadPart(from, tail), tail);
    else if (l.width == 4) {
      const v = l.loadPart(from, tail);
      if (tail & 2) t.store(to, l.promoteLow(v));
      if (tail & 1) t.storePart(tail & 2 ? to + 16 : to, tail & 2 ? l.promoteHigh(v) : l.promoteLow(v), 1);
    } else {
      const low = tail & 2 ? l.load(from) : l.loadPart(from, 1);
      const high = tail == 3 ? l.loadPart(from + 16, 1) : l.splat(0);
      t.storePart(to, this.narrow(low, high), tail);
    }
  }

  /** Four f64 as four f32 lanes, from which T's store makes the f64 rounded once. */
  @inline narrow(low: v128, high: v128): v128 {
    const f = trait<F32>(), v = f.demote(low, high);
    return trait<T>().size == 4 ? v : this.toOdd(v, low, high);
  }

  /**
   * An f32 rounded to odd: cut off, and its last bit set where anything was. No tie of a half is one by rounding before it
   * (Boldo, Melquiond 2008: rounding to odd with two bits more than the format is innocuous).
   */
  @inline toOdd(v: v128, low: v128, high: v128): v128 {
    const f = trait<F32>(), backLow = f.promoteLow(v), backHigh = f.promoteHigh(v);
    const inexact = this.join(f64x2.ne(backLow, low), f64x2.ne(backHigh, high));
    const beyond = this.join(f64x2.gt(f64x2.abs(backLow), f64x2.abs(low)), f64x2.gt(f64x2.abs(backHigh), f64x2.abs(high)));
    return v128.or(i32x4.add(v, beyond), v128.and(inexact, i32x4.splat(1)));
  }

  /** The masks of two vectors of two lanes as one of four. */
  @inline join(low: v128, high: v128): v128 { return v128.shuffle<i32>(low, high, 0, 2, 4, 6); }
}

/** Are both the same element type? Known when compiled. */
function isSame<L extends Lanes, T extends Lanes>(): bool {
  return trait<L>().digits == trait<T>().digits;
}
