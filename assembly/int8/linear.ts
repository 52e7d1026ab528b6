import { Lanes, trait } from "../lanes";
import { Int8 } from "../linear/factors";
import { Arrange, project } from "../linear/project";
import { Rows } from "../strides";
import { Magnitude } from "./quantize";

/**
 * A linear layer by weights of 8 bits: y = x·Wᵀ + b, where W = scale·q, with a scale per group of `group` columns of each row.
 *
 * x is arranged as whole numbers of 16 bits in units of max|x|/32767, a row at a time; its products with those of W are exact, and so are
 * the sums of up to 512 of them, which become f32 and are multiplied by the scale of their group. Where `xScales` is given, x are rows of
 * `quantize`, which are used as they are. Blocks, tiles and the order of additions are those of `linear`, its room too.
 *
 * Bytes: W once per four rows, a quarter of what f32 has. Rows of W and such of x have whole eights of bytes.
 * Error: |Δy| ≤ (2⁻¹⁶ + n·2⁻²⁴)·max|x|·Σ|w|, with n = ⌈cols/group⌉·⌈group/512⌉ + 6; of rows of 8 bits the second part alone. max|x| is
 * 2^-100 at least, and Σ|w| below 1e34, for it is multiplied by 32767 before the scale of x comes in.
 */
export function linearInt8<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, xScales: usize, weight: usize, scales: usize, bias: usize, arranged: usize, strides: usize,
  rows: i32, cols: i32, k: i32, block: i32, group: i32,
): void {
  if (trait<L>().width != 4) return; // y is no f64
  const nextW = <usize>((cols + 7) & -8), nextScales = <usize>((cols + group - 1) / group) << 2;
  if (xScales) {
    project<L, Int8, Int8, Bytes, P>(
      out, x, nextW, xScales, weight, nextW, scales, nextScales, bias, arranged, rows, cols, k, block, group,
    );
  } else {
    project<L, Int8, Int8, Quantized<L>, P>(
      out, x, trait<Rows<L>>().stride(strides, 0, cols), 0, weight, nextW, scales, nextScales, bias, arranged, rows, cols, k, block, group,
    );
  }
}

/** Rows of x from numbers of 8 bits, with their scales. */
@final @unmanaged
class Bytes extends Arrange {
  x(to: usize, x: usize, scale: usize, cols: i32, step: usize): f32 {
    for (const end = x + <usize>cols; x < end; x += 8, to += step) v128.store(to, v128.load8x8_s(x));
    return load<f32>(scale);
  }
  @inline get widens(): bool { return false; }
  @inline w(to: usize, w: usize, cols: i32): void {}
}

/** Rows of x from elements, of which the largest becomes 32767. */
@final @unmanaged
class Quantized<L extends Lanes> extends Arrange {
  x(to: usize, x: usize, scale: usize, cols: i32, step: usize): f32 {
    const l = trait<L>(), m = trait<Magnitude<L>>(), most = m.of(x, cols), inverse = f32x4.splat(32767 / most);
    for (; cols > 7; cols -= 8, x += 2 * l.step, to += step) v128.store(to, m.eight(x, 8, inverse));
    if (cols) v128.store(to, m.eight(x, cols, inverse));
    return most / 32767;
  }
  @inline get widens(): bool { return false; }
  @inline w(to: usize, w: usize, cols: i32): void {}
}
