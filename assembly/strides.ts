import { Lanes, trait } from "./lanes";

/** Operands of [rows, cols] whose lanes are L. */
@final @unmanaged
export class Rows<L extends Lanes> {
  /**
   * The distance in bytes from one row of the k-th such operand to the next: where `strides` points to it, or, where `strides`
   * is 0, the bytes of a row.
   */
  @inline stride(strides: usize, k: usize, cols: i32): usize {
    return strides ? <usize>load<i32>(strides + (k << 2)) : <usize>cols * trait<L>().size;
  }
}
