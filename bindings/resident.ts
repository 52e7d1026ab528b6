import type { CommonOptions } from "./call.js";
import { type DType, wideOf } from "./dtype.js";
import type { Engine } from "./engine.js";
import type { Kernel, Op, Operand } from "./frame.js";
import { Tensor } from "./tensor.js";

/**
 * The kernel of a call that needs no frame: x, out, weight and bias are live Tensors of one engine, of the right kinds and
 * lengths, out overlaps nothing but x exactly, and no option asks for more. Undefined for every other call, right or wrong:
 * the frame knows what to do with it, and what to say.
 *
 * What a call costs over the raw export at 1×64: 75–102 ns, where through the frame it was 214–370 (`npm run bench`,
 * bench/record/node20.json before and after).
 */
export function residentKernel(
  op: Op,
  x: Operand,
  out: Operand | undefined,
  weight: Operand | undefined,
  bias: Operand | undefined,
  options: CommonOptions,
): Kernel | undefined {
  if (!(x instanceof Tensor && out instanceof Tensor) || x.start < 0 || x.arena.disposed) return undefined;
  if (options.cols !== undefined || options.dtype !== undefined || options.engine !== undefined) return undefined;
  const { dtype } = x;
  if (!fits(out, x, dtype, x.length) || !(out.start === x.start || apart(out, x))) return undefined;
  const wide = wideOf(dtype);
  if (weight !== undefined && !(weight instanceof Tensor && fits(weight, x, wide, x.cols) && apart(out, weight)))
    return undefined;
  if (bias !== undefined && !(bias instanceof Tensor && fits(bias, x, wide, x.cols) && apart(out, bias)))
    return undefined;
  return (x.owner as Engine).kernel(op, dtype);
}

/** Where an operand of such a call lies; 0 for none. */
export function startOf(operand: Operand | undefined): number {
  return operand === undefined ? 0 : (operand as Tensor).start;
}

function fits(tensor: Tensor, x: Tensor, dtype: DType, length: number): boolean {
  return tensor.start >= 0 && tensor.arena === x.arena && tensor.dtype === dtype && tensor.length === length;
}

function apart(a: Tensor, b: Tensor): boolean {
  return a.start >= b.start + b.bytes || b.start >= a.start + a.bytes;
}
