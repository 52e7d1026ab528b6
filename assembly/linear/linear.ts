import { BF16, F16, F32, F64, Lanes, trait } from "../lanes";
import { Rows } from "../strides";
import { Floats } from "./factors";
import { Arrange, project } from "./project";

/**
 * A linear layer: y = x·Wᵀ + b, with W [k, cols] as PyTorch stores it.
 *
 * Each y is a dot product of a row of x and a row of W as it lies: nothing of W is packed. See `Tile` for the products and their order,
 * and `project` for the blocks: the bits of a row depend on no other row, on no block and on no stride.
 *
 * Bytes: x once, and arranged once per block of W; W once per four rows, mostly from cache; y once. y shares no byte with x, W or b.
 * `arranged` has room for block · cols lanes, both rounded up to fours, and for halves 16 KiB, or four rows, more.
 * Error in f32: 2·√cols·2⁻²⁴·‖x‖‖w‖, at worst twice that (docs/linear.md), and for halves one rounding more. Source: PyTorch, torch.nn.functional.linear.
 */
function linear<L extends Lanes, W extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  const m = trait<W>();
  if (trait<L>().width != m.width) return; // f64 goes with f64 alone: nothing is compiled of this
  const nextX = trait<Rows<L>>().stride(strides, 0, cols), nextW = <usize>cols * m.size;
  project<L, Floats<W>, Floats<P>, AsLanes<L, W>, P>(
    out, x, nextX, 0, weight, nextW, 0, 0, bias, arranged, rows, cols, k, block, cols,
  );
}

/** Rows of x and of W as lanes. Where halves of W meet more than four rows, it pays to widen them before. */
@final @unmanaged
class AsLanes<L extends Lanes, W extends Lanes> extends Arrange {
  x(to: usize, x: usize, scale: usize, cols: i32, step: usize): f32 { trait<Spread<L>>().row(to, x, cols, step); return 1; }
  @inline get widens(): bool { return trait<W>().size < trait<W>().lane; }
  w(to: usize, w: usize, cols: i32): void { trait<Spread<W>>().row(to, w, cols, 16); }
}

/** A row as vectors of lanes, `step` bytes from one to the next; after its end zeros. */
@final @unmanaged
class Spread<L extends Lanes> {
  row(to: usize, x: usize, cols: i32, step: usize): void {
    const l = trait<L>(), tail = cols & (l.width - 1);
    for (const end = x + <usize>(cols - tail) * l.size; x < end; x += l.step, to += step) v128.store(to, l.load(x));
    if (tail) v128.store(to, l.loadPart(x, tail));
  }
}

/** By weights of f32, whatever x is; and so on. */
export function linearF32<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, F32, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

export function linearF64<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, F64, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

export function linearF16<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, F16, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}

export function linearBF16<L extends Lanes, P extends Lanes>(
  out: usize, x: usize, weight: usize, bias: usize, arranged: usize, strides: usize, rows: i32, cols: i32, k: i32, block: i32,
): void {
  linear<L, BF16, P>(out, x, weight, bias, arranged, strides, rows, cols, k, block);
}
