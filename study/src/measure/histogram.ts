/**
 * Counts of values on a fixed grid: quantiles in one pass, in memory that does not grow, and grids that add up.
 *
 * An angle's cells are 0.02° wide, from 0° to 180° (which belongs to the last). A length's are a 128th of an octave, 0.54 %,
 * over all doubles (0 and the subnormal ones belong to the first). So a quantile is known to within half a cell: 0.01°, 0.27 %.
 */
export type Grid = "angle" | "length";

const grids = {
  angle: { first: 0, last: 8999, cellsOf: angleCells, valueAt: (cell: number) => cell / 50 },
  // Cell 0 begins at 2⁻¹²⁸.
  length: {
    first: (-1022 + 128) * 128,
    last: (1024 + 128) * 128 - 1,
    cellsOf: lengthCells,
    valueAt: (cell: number) => 2 ** (cell / 128 - 128),
  },
};

/** Half the width of a cell: in degrees, or as a share of the value. */
export const resolution: Record<Grid, number> = { angle: 0.01, length: 2 ** (1 / 256) - 1 };

/** In which cell each of the first `count` values lies: an angle's. What lies outside of the grid is in a cell outside. */
function angleCells(values: Float64Array, count: number, into: Int32Array): void {
  for (let i = 0; i < count; i++) into[i] = Math.floor(values[i] * 50);
}

/**
 * By the bits, without a logarithm: the exponent is the octave, and the first 20 bits of the fraction
 * tell the cell within it, whose edges 2^(j/128) are rounded to so many (1e-6, a five-thousandth of a cell).
 */
function lengthCells(values: Float64Array, count: number, into: Int32Array): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  for (let i = 0; i < count; i++) {
    const high = words[2 * i + 1];
    const fraction = high & 0xfffff;
    const guess = cellBefore[fraction >>> 10];
    into[i] = ((high >>> 20) - 1023 + 128) * 128 + guess + (fraction >= edges[guess + 1] ? 1 : 0);
  }
}

const edges = Int32Array.from({ length: 129 }, (_, j) => Math.round((2 ** (j / 128) - 1) * 2 ** 20));

/** By the first ten bits of the fraction, the cell that they begin in; the next one may begin before they end. */
const cellBefore = Int32Array.from({ length: 1024 }, (_, bits) => edges.findLastIndex((edge) => edge <= bits << 10));

let found = new Int32Array(512);

export class Histogram {
  /** Cells `first` to `first + counts.length − 1`; the others are empty. */
  private first = 0;
  private counts: number[] = [];
  total = 0;

  constructor(readonly grid: Grid) {}

  /** @param count how often; below zero takes back what was added */
  add(value: number, count: number): void {
    grids[this.grid].cellsOf(Float64Array.of(value), 1, found);
    this.addCell(this.inGrid(found[0]), count);
  }

  /** Adds the first `count` values, of which none is outside of `min` to `max`. */
  addMany(values: Float64Array, count: number, min: number, max: number): void {
    if (count === 0) return;
    if (found.length < count) found = new Int32Array(count);
    const { first: least, last: most, cellsOf } = grids[this.grid];
    cellsOf(Float64Array.of(min, max), 2, found);
    const outside = found[0] < least || found[1] > most;
    // Of no rows yet: with every cell there from end to end, the rest is counting.
    this.addCell(this.inGrid(found[0]), 0);
    this.addCell(this.inGrid(found[1]), 0);
    cellsOf(values, count, found);
    if (outside) for (let i = 0; i < count; i++) found[i] = this.inGrid(found[i]);
    const { counts, first } = this;
    for (let i = 0; i < count; i++) counts[found[i] - first]++;
    this.total += count;
  }

  private inGrid(cell: number): number {
    const { first, last } = grids[this.grid];
    return Math.min(last, Math.max(first, cell));
  }

  private addCell(cell: number, count: number): void {
    if (this.counts.length === 0) this.first = cell;
    if (cell < this.first) {
      this.counts = [...new Array<number>(this.first - cell).fill(0), ...this.counts];
      this.first = cell;
    }
    while (cell >= this.first + this.counts.length) this.counts.push(0);
    this.counts[cell - this.first] += count;
    this.total += count;
  }

  addAll(other: Histogram): void {
    for (const [i, count] of other.counts.entries()) if (count !== 0) this.addCell(other.first + i, count);
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

  /**
   * The counts in at most sixty equal cells for a figure. A cell of the figure is so many whole cells of an angle's grid,
   * else some would hold one more than their neighbours and the figure would show combs.
   */
  drawn(min: number, max: number): { low: number; high: number; counts: number[] } {
    const { cellsOf, valueAt } = grids.angle;
    cellsOf(Float64Array.of(min, max), 2, found);
    const from = this.inGrid(found[0]);
    const to = this.inGrid(found[1]) + 1;
    const cells = widths.find((width) => Math.ceil(to / width) - Math.floor(from / width) <= 60) ?? widths[0];
    const start = Math.floor(from / cells);
    const counts = new Array<number>(Math.ceil(to / cells) - start).fill(0);
    for (const [i, count] of this.counts.entries()) {
      const at = Math.floor((this.first + i) / cells) - start;
      if (count !== 0) counts[Math.min(counts.length - 1, Math.max(0, at))] += count;
    }
    return { low: valueAt(start * cells), high: valueAt((start + counts.length) * cells), counts };
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

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(grid: Grid, saved: unknown): Histogram {
    const histogram = new Histogram(grid);
    if (!Array.isArray(saved)) throw new Error("a histogram as a list of runs");
    const { first, last } = grids[grid];
    for (const run of saved) {
      if (!Array.isArray(run) || run.length < 2 || !run.every(Number.isSafeInteger)) {
        throw new Error("runs of a cell and its counts");
      }
      const [from, ...counts] = run as number[];
      if (from < first || from + counts.length - 1 > last || counts.some((count) => count < 0)) {
        throw new Error(`runs of a cell and its counts, in cells ${first} to ${last}`);
      }
      for (const [i, count] of counts.entries()) histogram.addCell(from + i, count);
    }
    return histogram;
  }
}

/** In cells of the angle's grid, of which sixty or fewer cover any range: 0.02° to 4°. */
const widths = [1, 2, 5, 10, 20, 50, 100, 200];
