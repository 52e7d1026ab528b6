/** What bounds a linear layer on this machine, timed in the same rounds: arithmetic in registers, and the reading of W. */
import type { Variant } from "../../bindings/engine/variants.js";
import { compile } from "../compile.js";
import type { Prepared } from "./contestant.js";
import type { Problem } from "./problem.js";

/** The exports of assembly/limits.ts. */
export interface Loops {
  operations: WebAssembly.Global;
  peak(turns: number, factor: number, summand: number): number;
  read(from: number, bytes: number): number;
}

export const loopsOf = (variant: Variant, memory: WebAssembly.Memory) =>
  compile(variant, ["bench/linear/assembly/limits.ts"], memory) as unknown as Loops;

export interface Peak extends Prepared {
  flops: number;
}

/** Turns after which nothing changes in f32. */
const least = 64;

/**
 * Multiplications and additions that wait for no memory and not for each other: as many as the processor begins. They are as many
 * as those of the problem, so that what else the machine does meets both alike.
 */
export function peak({ peak, operations }: Loops, { flops }: Pick<Problem, "flops">): Peak {
  const turns = Math.max(least, Math.ceil(flops / operations.value));
  let sum = 0;
  return {
    flops: turns * operations.value,
    run() {
      sum = peak(turns, 0.5, 1);
    },
    check() {
      if (sum !== 96) throw new Error(`the sum of 48 lanes of 2 expected 96, got ${sum}`);
    },
    teardown() {},
  };
}

/** W, read once from where it lies and not used. */
export function reading({ read }: Loops, memory: WebAssembly.Memory, { weight }: Problem): Prepared {
  const { byteLength: bytes } = weight;
  const words = new Int32Array(weight.buffer, weight.byteOffset, weight.length);
  const right = words.reduce((all, word) => all ^ word, 0);
  // after the first page, whose first bytes a module might use
  const from = 65536;
  const missing = from + bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  new Int32Array(memory.buffer, from, weight.length).set(words);
  let found = 0;
  return {
    run() {
      found = read(from, bytes);
    },
    check() {
      if (found !== right) throw new Error(`the exclusive or of W expected ${right}, got ${found}`);
    },
    teardown() {},
  };
}
