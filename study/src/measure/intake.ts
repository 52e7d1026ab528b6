/**
 * Measures rows that are handed over in any portions, as a running model does. They are copied into a block of the size that a file
 * of as many rows is read in, and measured when the block is full: so the figures are those of such a file, to the last bit.
 */
import type { Engine } from "orthonorm";
import { type Affine, Block, type Measurer } from "./block.js";
import type { SiteKey } from "./site.js";
import { type Collected, SiteRows } from "./site-rows.js";

export class Intake {
  private readonly site: SiteRows;
  private readonly block: Block;
  /** How many rows of the block are there. */
  private filled = 0;

  /**
   * @param rows how many there will be, unless the run is stopped
   * @param measurer of blocks of `blockRows`, which sites of the same terms can share
   */
  constructor(
    private readonly engine: Engine,
    key: SiteKey,
    private readonly affine: Affine | null,
    rows: number,
    blockRows: number,
    private readonly measurer: Measurer,
  ) {
    this.site = new SiteRows(key, rows);
    this.block = new Block(engine, key.dtype, blockRows, key.cols);
  }

  /** Takes whole rows, one after another. They are copied. */
  take(values: Float32Array): void {
    const { rows, stored } = this.block;
    const { cols } = stored;
    for (let at = 0; at < values.length; ) {
      const count = Math.min(rows - this.filled, (values.length - at) / cols);
      stored.data.set(values.subarray(at, at + count * cols), this.filled * cols);
      at += count * cols;
      this.filled += count;
      if (this.filled === rows) this.measure();
    }
  }

  /** The sums of the rows that came; no row comes after it. */
  finish(): Collected {
    if (this.filled > 0) this.measure();
    return this.site.finish(this.engine);
  }

  dispose(): void {
    this.block.dispose();
  }

  private measure(): void {
    const { block, filled } = this;
    this.site.add(block, this.measurer.measure(block, filled, this.affine), filled);
    this.filled = 0;
  }
}
