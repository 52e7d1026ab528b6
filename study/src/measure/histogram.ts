/**
 * Counts of values on a fixed grid: quantiles in one pass, in memory that does not grow, and grids that add up.
 *
 * An angle's cells are 0.02° wide, from 0° to 180°. A length's are a 128th of an octave, 0.54 %, from 2⁻¹²⁸ to 2¹²⁸. So a
 * quantile is known to within half a cell: 0.01°, 0.27 %.
 */
export type Grid = "angle" | "length";

const grids = {
  angle: {
    cells: 9000,
    cellOf: (value: number) => value * 50,
    valueAt: (cell: number) => cell / 50,
  },
  length: {
    cells: 256 * 128,
    cellOf: (value: number) => (Math.log2(value) + 128) * 128,
    valueAt: (cell: number) => 2 ** (cell / 128 - 128),
  },
};

/** Half the width of a cell: in degrees, or as a share of the value. */
export const resolution: Record<Grid, number> = { angle: 0.01, length: 2 ** (1 / 256) - 1 };

export class Histogram {
  /** Cells `first` to `first + counts.length − 1`; the others are empty. */
  private first = 0;
  private counts: number[] = [];

  constructor(readonly grid: Grid) {}

  add(value: number, count = 1): void {
    const { cells, cellOf } = grids[this.grid];
    const cell = Math.min(cells - 1, Math.max(0, Math.floor(cellOf(value))));
    this.addCell(cell, count);
  }

  private addCell(cell: number, count: number): void {
    if (this.counts.length === 0) this.first = cell;
    for (; cell < this.first; this.first--) this.counts.unshift(0);
    while (cell >= this.first + this.counts.length) this.counts.push(0);
    this.counts[cell - this.first] += count;
  }

  addAll(other: Histogram): void {
    for (const [i, count] of other.counts.entries()) if (count !== 0) this.addCell(other.first + i, count);
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The value below which a share of the counts lies, taken to be spread evenly over their cell. NaN if there are none. */
  quantile(share: number): number {
    const { valueAt } = grids[this.grid];
    const wanted = share * this.total;
    let below = 0;
    for (const [i, count] of this.counts.entries()) {
      if (count > 0 && below + count >= wanted) return valueAt(this.first + i + (wanted - below) / count);
      below += count;
    }
    return Number.NaN;
  }

  /** The counts between `low` and `high` in so many equal parts; what lies beyond goes to the ends. */
  bins(low: number, high: number, parts: number): number[] {
    const { valueAt } = grids[this.grid];
    const bins = new Array<number>(parts).fill(0);
    for (const [i, count] of this.counts.entries()) {
      const at = ((valueAt(this.first + i + 0.5) - low) / (high - low)) * parts;
      bins[Math.min(parts - 1, Math.max(0, Math.floor(at)))] += count;
    }
    return bins;
  }

  /** Runs of cells: [first cell, counts …]. */
  toJSON(): number[][] {
    const runs: number[][] = [];
    for (const [i, count] of this.counts.entries()) {
      const run = runs[runs.length - 1];
      if (count === 0) continue;
      if (run !== undefined && run[0] + run.length - 1 === this.first + i) run.push(count);
      else runs.push([this.first + i, count]);
    }
    return runs;
  }

  /** @throws Error unless the runs are of this grid's cells, with positive whole counts */
  static from(grid: Grid, runs: unknown): Histogram {
    const histogram = new Histogram(grid);
    if (!Array.isArray(runs)) throw new Error("a histogram of runs");
    for (const run of runs) {
      if (!Array.isArray(run) || run.length < 2 || !run.every((n) => Number.isSafeInteger(n) && n >= 0)) {
        throw new Error("runs of a cell and counts");
      }
      const [first, ...counts] = run as number[];
      if (first + counts.length > grids[grid].cells) throw new Error(`cells below ${grids[grid].cells}`);
      for (const [i, count] of counts.entries()) histogram.addCell(first + i, count);
    }
    return histogram;
  }
}
