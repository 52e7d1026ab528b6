/**
 * Counts of values on a fixed grid: quantiles in one pass, in memory that does not grow. Two histograms of one grid merge.
 *
 * Cells of angles are 0.01° wide, from 0° to 180° (which belongs to the last). Cells of lengths are 1/256 of an octave wide,
 * 0.27 %, over all doubles (0 and the subnormal ones belong to the first). A quantile is known to its cell: it is off by less than
 * 0.01°, 0.27 %, and of many rows by much less.
 */
import { upperWord } from "./upper-word.js";

export type Grid = "angle" | "length";

/** Cells of lengths per power of two. */
const perOctave = 256;

const grids = {
  angle: { first: 0, last: 17999, cellOf: angleCell, countInto: countAngles, valueAt: (cell: number) => cell / 100 },
  // Cell 0 begins at 2⁻¹²⁸.
  length: {
    first: (-1022 + 128) * perOctave,
    last: (1024 + 128) * perOctave - 1,
    cellOf: lengthCell,
    countInto: countLengths,
    valueAt: (cell: number) => 2 ** (cell / perOctave - 128),
  },
};

/** The width of a cell: in degrees, or as a share of the value. */
export const resolution: Record<Grid, number> = { angle: 0.01, length: 2 ** (1 / perOctave) - 1 };

/** The cell of an angle; outside of the grid, one that the grid does not have. */
function angleCell(value: number): number {
  return Math.floor(value * 100);
}

/** Counts the first `count` values, all of which lie in the cells of `counts`, from cell `first` on. */
function countAngles(values: Float64Array, count: number, counts: Float64Array, first: number): void {
  for (let i = 0; i < count; i++) counts[angleCell(values[i]) - first]++;
}

function lengthCell(value: number): number {
  return cellOfUpper(upperWord(value));
}

function countLengths(values: Float64Array, count: number, counts: Float64Array, first: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  for (let i = 0; i < count; i++) counts[cellOfUpper(words[2 * i + 1]) - first]++;
}

/**
 * The cell of a length, without a logarithm: the exponent gives the octave, and the first 20 bits of the fraction give the
 * cell within it. Its edges 2^(j/256) are rounded to 20 bits too, which moves them by 1e-6, 1/2500 of a cell.
 *
 * @param upper the upper word of a double, which has all of these bits
 */
function cellOfUpper(upper: number): number {
  const fraction = upper & 0xfffff;
  const guess = cellBefore[fraction >>> 10];
  return ((upper >>> 20) - 1023 + 128) * perOctave + guess + (fraction >= edges[guess + 1] ? 1 : 0);
}

const edges = Int32Array.from({ length: perOctave + 1 }, (_, j) => Math.round((2 ** (j / perOctave) - 1) * 2 ** 20));

/** The cell in which a value with these first ten bits of the fraction may lie; the only other one is the next. */
const cellBefore = Int32Array.from({ length: 1024 }, (_, bits) => edges.findLastIndex((edge) => edge <= bits << 10));

const noCells = new Float64Array(0);

/** Up to so many cells with counts are kept one by one: most of a grid's cells are empty where a site has few rows. */
const fewCells = 64;

export class Histogram {
  /** The counts by cell while there are few of them; null from then on. */
  private few: Map<number, number> | null = new Map();
  /** After that, cells `first` to `first + counts.length − 1`; the others are empty. */
  private first = 0;
  private counts: Float64Array = noCells;
  total = 0;

  constructor(readonly grid: Grid) {}

  /** @param count how often the value occurs; below zero, it is taken back so often */
  add(value: number, count: number): void {
    this.addCell(this.nearest(value), count);
  }

  /** Adds the first `count` values, all of which lie between `min` and `max`. */
  addMany(values: Float64Array, count: number, min: number, max: number): void {
    if (count === 0) return;
    const { first, last, cellOf, countInto } = grids[this.grid];
    const outside = cellOf(min) < first || cellOf(max) > last;
    if (outside || (this.few !== null && count <= fewCells)) {
      for (let i = 0; i < count; i++) this.add(values[i], 1);
      return;
    }
    this.reach(this.nearest(min), this.nearest(max));
    countInto(values, count, this.counts, this.first);
    this.total += count;
  }

  /** The cell of a value, the first or the last one where it lies outside of the grid. */
  private nearest(value: number): number {
    const { first, last, cellOf } = grids[this.grid];
    return Math.min(last, Math.max(first, cellOf(value)));
  }

  private addCell(cell: number, count: number): void {
    this.total += count;
    if (this.few !== null) {
      this.few.set(cell, (this.few.get(cell) ?? 0) + count);
      if (this.few.size > fewCells) this.reach(cell, cell);
    } else {
      this.reach(cell, cell);
      this.counts[cell - this.first] += count;
    }
  }

  /**
   * Makes room for cells `from` to `to`, and for half as many more as there were: else cells that come one by one would copy
   * all others each time.
   */
  private reach(from: number, to: number): void {
    if (this.few !== null) {
      const { few } = this;
      this.few = null;
      this.first = Math.min(from, ...few.keys());
      this.counts = new Float64Array(Math.max(to, ...few.keys()) + 1 - this.first);
      for (const [cell, count] of few) this.counts[cell - this.first] = count;
      return;
    }
    const { counts, first } = this;
    const end = first + counts.length;
    if (from >= first && to < end) return;
    const grid = grids[this.grid];
    const more = counts.length >> 1;
    this.first = from < first ? Math.max(grid.first, Math.min(from, first - more)) : first;
    const last = to < end ? end - 1 : Math.min(grid.last, Math.max(to, end - 1 + more));
    this.counts = new Float64Array(last + 1 - this.first);
    this.counts.set(counts, first - this.first);
  }

  /** The cells that are not empty, in their order. */
  private entries(): [cell: number, count: number][] {
    if (this.few !== null) return [...this.few].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);
    const { first, counts } = this;
    const entries: [number, number][] = [];
    for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) entries.push([first + i, counts[i]]);
    return entries;
  }

  addAll(other: Histogram): void {
    if (other.few !== null) {
      for (const [cell, count] of other.few) this.addCell(cell, count);
      return;
    }
    this.reach(other.first, other.first + other.counts.length - 1);
    const shift = other.first - this.first;
    for (let i = 0; i < other.counts.length; i++) this.counts[shift + i] += other.counts[i];
    this.total += other.total;
  }

  /**
   * The values below which these shares of the counts lie, taken to be spread evenly over their cells. NaN if there are none.
   *
   * @param min, max the exact range, where it is known: values of the cells at its ends lie within it, and so where all values
   *     share one cell, as the 1e-6° of centered states do, quantiles lie between them and not at the cell's edge
   */
  quantiles(shares: readonly number[], min = 0, max = Number.MAX_VALUE): number[] {
    const { valueAt } = grids[this.grid];
    const entries = this.entries();
    const within = (value: number) => Math.min(max, Math.max(min, value));
    return shares.map((share) => {
      const wanted = share * this.total;
      let below = 0;
      for (const [cell, count] of entries) {
        if (below + count >= wanted) {
          const [low, high] = [within(valueAt(cell)), within(valueAt(cell + 1))];
          return within(low + ((wanted - below) / count) * (high - low));
        }
        below += count;
      }
      return Number.NaN;
    });
  }

  /**
   * The counts in at most sixty equal cells for a figure. A cell of the figure is a whole number of cells of the
   * grid, else some would hold one more than their neighbours and the figure would look like a comb.
   */
  drawn(min: number, max: number): { low: number; high: number; counts: number[] } {
    const { valueAt } = grids.angle;
    const from = this.nearest(min);
    const to = this.nearest(max) + 1;
    const cells = widths.find((width) => Math.ceil(to / width) - Math.floor(from / width) <= 60) ?? widths[0];
    const start = Math.floor(from / cells);
    const counts = new Array<number>(Math.ceil(to / cells) - start).fill(0);
    for (const [cell, count] of this.entries()) {
      const at = Math.floor(cell / cells) - start;
      counts[Math.min(counts.length - 1, Math.max(0, at))] += count;
    }
    return { low: valueAt(start * cells), high: valueAt((start + counts.length) * cells), counts };
  }

  /** Runs of cells: [first cell, counts …]. */
  toJSON(): number[][] {
    const runs: number[][] = [];
    for (const [cell, count] of this.entries()) {
      const run = runs[runs.length - 1];
      if (run !== undefined && run[0] + run.length - 1 === cell) run.push(count);
      else runs.push([cell, count]);
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

/** How many cells of the grid make one of a figure (0.02° to 4°): with the widest, sixty cover all angles. */
const widths = [2, 4, 10, 20, 40, 100, 200, 400];
