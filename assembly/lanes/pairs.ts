import { Lanes, trait } from "./lanes";

// Globals that may change, so that they are read and not made anew: see f16.ts. Nobody calls `pairConstants`.
let odd: v128 = i32x4(0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000);
let signAndRest: v128 = i32x4(0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000);
let up: v128 = i32x4(0x77800000, 0x77800000, 0x77800000, 0x77800000); // 2^112
let down: v128 = i32x4(0x07800000, 0x07800000, 0x07800000, 0x07800000); // 2^-112
let roundBF16: v128 = i32x4(0x8000, 0x8000, 0x8000, 0x8000);
let roundF16: v128 = i32x4(0x1000, 0x1000, 0x1000, 0x1000);
let signs: v128 = i32x4(0x80008000, 0x80008000, 0x80008000, 0x80008000);
export function pairConstants(at: usize): void {
  odd = v128.load(at); signAndRest = v128.load(at, 16); up = v128.load(at, 32); down = v128.load(at, 48);
  roundBF16 = v128.load(at, 64); roundF16 = v128.load(at, 80); signs = v128.load(at, 96);
}

/**
 * Halves eight at a time, as two vectors of f32: the even elements of the eight, and the odd ones. The halves of a pair lie in 32 bits
 * each, so that it takes bf16 one operation to widen four of them, and f16 three or four, where four in their order take six.
 * Sums do not mind the order, and neither do outputs whose weight and bias are in the same one.
 *
 * All of it is for rows that are settled: they hold no NaN and no infinity, and where `storable` allows it, neither do their outputs.
 * For f32 and f64 there are no pairs, and nothing of this is compiled.
 *
 * The constants are arguments, which a loop keeps in registers: V8 makes a constant anew at each use.
 */
@final @unmanaged
export class Pairs<L extends Lanes> {
  @inline get exist(): bool { return trait<L>().size < trait<L>().lane; }
  @inline get bf16(): bool { return trait<L>().digits == 8; }

  /** Arguments of `even` and `odd`. */
  @inline get field(): v128 { return this.bf16 ? odd : signAndRest; }
  @inline get up(): v128 { return up; }
  /** Arguments of `store`. */
  @inline get half(): v128 { return this.bf16 ? roundBF16 : roundF16; }
  @inline get signs(): v128 { return this.bf16 ? odd : signs; }
  @inline get down(): v128 { return down; }

  /**
   * The even elements of eight halves. If `scaled`, those of f16 come times 2^-112, as their bits lie: for outputs that are a multiple
   * of x, and are stored `scaled` as well. Infinity and NaN come as other numbers, as they do from `loadFinite`.
   */
  @inline even(bits: v128, field: v128, up: v128, scaled: bool): v128 {
    const high = i32x4.shl(bits, 16);
    return this.bf16 ? high : this.finite(high, field, up, scaled);
  }
  @inline odd(bits: v128, field: v128, up: v128, scaled: bool): v128 {
    return this.bf16 ? v128.and(bits, field) : this.finite(bits, field, up, scaled);
  }
  /** f16 in the upper halves of 32 bits. */
  @inline finite(bits: v128, field: v128, up: v128, scaled: bool): v128 {
    const v = v128.and(i32x4.shr_s(bits, 3), field);
    return scaled ? v : f32x4.mul(v, up);
  }

  /** The even and the odd elements of eight f32. */
  @inline evenOf(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 2, 4, 6); }
  @inline oddOf(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 1, 3, 5, 7); }

  /**
   * Eight halves to p, rounded by adding half a unit and cutting: a tie goes away from zero. A number times 2^-112 has the bits of
   * f16 in place, those of subnormals too.
   */
  @inline store(p: usize, even: v128, odd: v128, half: v128, signs: v128, down: v128, scaled: bool): void {
    if (this.bf16) {
      v128.store(p, v128.or(i32x4.shr_u(i32x4.add(even, half), 16), v128.and(i32x4.add(odd, half), signs)));
      return;
    }
    const a = scaled ? even : f32x4.mul(even, down), b = scaled ? odd : f32x4.mul(odd, down);
    const low = i32x4.shr_u(i32x4.add(a, half), 13), high = i32x4.shl(i32x4.add(b, half), 3);
    const magnitude = v128.shuffle<i16>(low, high, 0, 9, 2, 11, 4, 13, 6, 15);
    const sign = v128.shuffle<i16>(i32x4.shr_u(a, 16), b, 0, 9, 2, 11, 4, 13, 6, 15);
    v128.store(p, v128.or(v128.andnot(magnitude, signs), v128.and(sign, signs)));
  }

  /** Can `store` take numbers up to this magnitude, which is NaN where one of them may be NaN? */
  @inline storable(most: f64): bool { return most < (this.bf16 ? Infinity : 65504.0); }
}
