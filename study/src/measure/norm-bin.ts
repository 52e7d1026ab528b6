/**
 * The rows whose norm lies between two powers of two, [2ᵏ, 2ᵏ⁺¹). A site is kept in such bins because which rows are massive
 * depends on the median norm, which is known only at the end; and because bins of two parts of a study simply add up.
 */
import { upperWord } from "../summary/upper-word.js";
import type { Columns, Terms } from "./measures.js";
import { QuantityStats } from "./quantity-stats.js";

/** The bins of the smallest and the largest doubles. */
const lowest = -1074;
const highest = 1023;

export function isBin(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= lowest && (value as number) <= highest;
}

/**
 * The bin of a norm: k with 2ᵏ ≤ norm < 2ᵏ⁺¹. It is taken from the exponent's bits, for a logarithm may round up to the next.
 *
 * @param norm above 0
 */
export function binOf(norm: number): number {
  const exponent = upperWord(norm) >>> 20;
  return exponent === 0 ? binOf(norm * 2 ** 52) - 52 : exponent - 1023;
}

export class NormBin {
  readonly stats: QuantityStats;
  /** The rows of the current block that belong to this bin and are not added up yet. */
  private rowIndices: number[] = [];

  constructor(terms: Terms) {
    this.stats = new QuantityStats(terms);
  }

  /** Adds one row of a block. The block must not change before `settle` has added the row up. */
  add(row: number): void {
    this.rowIndices.push(row);
  }

  /** Adds up the rows of the block that `add` was given. */
  settle(block: Columns): void {
    if (this.rowIndices.length === 0) return;
    this.stats.addMany(block, this.rowIndices);
    // A new list: blocks of narrow rows have millions of rows, and a study hundreds of sites that live until its end.
    this.rowIndices = [];
  }
}
