/**
 * The rows whose norm lies in one octave, [2ᵏ, 2ᵏ⁺¹). A site is kept by octaves because which rows are massive is known
 * only when the median is, at the end; and so that parts of a study add up to the study of all.
 */
import type { Norm } from "../figures.js";
import { affineQuantities, grids, type Measures, type Quantities, type Quantity, quantitiesOf } from "./measures.js";
import { asNumber, asObject } from "./saved.js";
import { Sketch } from "./sketch.js";
import { ExactSum } from "./sum.js";
import { Tally } from "./tally.js";

/** The distinct rows of an octave of which it is known how often each occurs. */
const sketchSize = 512;

/** What the quantities of a row depend on, besides the row. */
export interface Terms {
  norm: Norm;
  cols: number;
  eps: number;
  withAffine: boolean;
}

/** Rows are added up so many at a time: that is several times as fast as one by one. */
const batch = 512;

/** Sums over rows, whichever they are. */
export class Sums {
  private readonly tallies = new Map<Quantity, Tally>();
  private readonly dCos2 = ExactSum.of();
  private readonly swap = ExactSum.of();
  private swapMax = 0;
  /** The rows that are not added up yet: a column a quantity. */
  private readonly waiting: Record<Quantity | "dCos2" | "swap", Float64Array>;
  private waitingRows = 0;

  constructor(terms: Terms) {
    for (const name of quantitiesUnder(terms)) this.tallies.set(name, new Tally(grids[name]));
    const names = [...this.tallies.keys(), "dCos2", "swap"];
    const columns = names.map((name) => [name, none] as const);
    this.waiting = Object.fromEntries(columns) as typeof this.waiting;
  }

  add(row: Quantities): void {
    const { waiting } = this;
    if (waiting.angle === none) {
      for (const name of Object.keys(waiting) as (keyof typeof waiting)[]) waiting[name] = new Float64Array(batch);
    }
    const at = this.waitingRows++;
    waiting.angle[at] = row.angle;
    waiting.deviation[at] = row.deviation;
    waiting.norm[at] = row.norm;
    waiting.projected[at] = row.projected;
    waiting.standardized[at] = row.standardized;
    waiting.dCos2[at] = row.dCos2;
    waiting.swap[at] = row.swap;
    if (waiting.scaled !== undefined) {
      waiting.scaled[at] = row.scaled;
      waiting.angleAfter[at] = row.angleAfter;
      waiting.affine[at] = row.affine;
      waiting.total[at] = row.total;
    }
    if (this.waitingRows === batch) this.settle();
  }

  private settle(): void {
    const { waiting, waitingRows: rows } = this;
    if (waiting.angle === none) return;
    this.waitingRows = 0;
    for (const [name, tally] of this.tallies) tally.addMany(waiting[name], rows);
    this.dCos2.addMany(waiting.dCos2, rows);
    this.swap.addMany(waiting.swap, rows);
    for (let i = 0; i < rows; i++) this.swapMax = Math.max(this.swapMax, waiting.swap[i]);
    // Fewer than a batch: somebody looks at the sums, which are whole. A study has hundreds of them.
    if (rows < batch) this.release();
  }

  private release(): void {
    for (const name of Object.keys(this.waiting) as (keyof typeof this.waiting)[]) this.waiting[name] = none;
  }

  addAll(other: Sums): void {
    this.settle();
    other.settle();
    for (const [name, tally] of this.tallies) tally.addAll(other.tally(name));
    this.dCos2.addAll(other.dCos2);
    this.swap.addAll(other.swap);
    this.swapMax = Math.max(this.swapMax, other.swapMax);
  }

  /** Takes back `times` occurrences of a row of which at least one more is left. */
  remove(row: Quantities, times: number): void {
    this.settle();
    for (const [name, tally] of this.tallies) tally.remove(row[name], times);
    this.dCos2.addTimes(row.dCos2, -times);
    this.swap.addTimes(row.swap, -times);
  }

  tally(name: Quantity): Tally {
    this.settle();
    return this.tallies.get(name) as Tally;
  }

  get rows(): number {
    return this.tally("angle").rows;
  }

  get means() {
    const { rows } = this;
    return { dCos2: this.dCos2.value / rows, swap: { mean: this.swap.value / rows, max: this.swapMax } };
  }

  toJSON() {
    this.settle();
    const { dCos2, swap, swapMax } = this;
    return { tallies: Object.fromEntries(this.tallies), dCos2, swap, swapMax };
  }

  static from(terms: Terms, saved: unknown): Sums {
    const { tallies, dCos2, swap, swapMax } = asObject(saved, "sums");
    const sums = new Sums(terms);
    const byName = asObject(tallies, "tallies");
    for (const [name, tally] of sums.tallies) tally.addAll(Tally.from(grids[name], byName[name]));
    if (new Set([...sums.tallies.values()].map(({ rows }) => rows)).size > 1)
      throw new Error("as many rows in every tally");
    sums.dCos2.addAll(ExactSum.from(dCos2));
    sums.swap.addAll(ExactSum.from(swap));
    sums.swapMax = asNumber(swapMax, "swapMax");
    return sums;
  }
}

const none = new Float64Array(0);

export class Octave {
  readonly sums: Sums;
  private readonly sketch = new Sketch<Measures>(sketchSize);

  constructor(private readonly terms: Terms) {
    this.sums = new Sums(terms);
  }

  add(fingerprint: number, row: Measures, quantities: Quantities): void {
    this.sums.add(quantities);
    if (this.sketch.wants(fingerprint)) this.sketch.add(fingerprint, () => row);
  }

  addAll(other: Octave): void {
    this.sums.addAll(other.sums);
    this.sketch.addAll(other.sketch);
  }

  /** The rows, those that occur `often` or more counted once; all of them where not every distinct row is known. */
  withoutCopies(often: number): Sums {
    const sums = new Sums(this.terms);
    sums.addAll(this.sums);
    if (!this.sketch.complete) return sums;
    for (const { row, count } of this.repeated()) {
      if (count >= often) sums.remove(this.quantities(row), count - 1);
    }
    return sums;
  }

  get repeatsKnown(): boolean {
    return this.sketch.complete;
  }

  /** Which share of the rows repeats an earlier one: counted, or of the distinct rows that are kept. */
  get repeatedShare(): number {
    const entries = this.sketch.entries();
    const rows = entries.reduce((sum, [, { count }]) => sum + count, 0);
    return rows === 0 ? 0 : 1 - entries.length / rows;
  }

  /** The rows that occur more than once, among those that are kept. */
  repeated(): { row: Measures; count: number }[] {
    return this.sketch
      .entries()
      .map(([, kept]) => kept)
      .filter(({ count }) => count > 1);
  }

  private quantities(row: Measures): Quantities {
    const { norm, cols, eps } = this.terms;
    return quantitiesOf(row, norm, cols, eps);
  }

  toJSON() {
    const dropped = this.sketch.droppedFrom;
    const entries = this.sketch.entries().map(([fingerprint, { count, row }]) => {
      const { norm, uniform, orthogonal, affine } = row;
      const after = affine === null ? [] : [affine.scaled, affine.angle, affine.rotation, affine.total];
      return [fingerprint, count, norm, uniform, orthogonal, ...after];
    });
    return { sums: this.sums, distinct: { droppedFrom: Number.isFinite(dropped) ? dropped : null, entries } };
  }

  static from(terms: Terms, saved: unknown): Octave {
    const { sums, distinct } = asObject(saved, "an octave");
    const { droppedFrom, entries } = asObject(distinct, "distinct rows");
    const octave = new Octave(terms);
    octave.sums.addAll(Sums.from(terms, sums));
    const length = terms.withAffine ? 9 : 5;
    if (!Array.isArray(entries)) throw new Error("distinct rows as a list");
    for (const entry of entries) {
      if (!Array.isArray(entry) || entry.length !== length || !entry.every(Number.isFinite)) {
        throw new Error(`distinct rows of ${length} numbers`);
      }
      const [fingerprint, count, norm, uniform, orthogonal, scaled, angle, rotation, total] = entry as number[];
      if (!Number.isSafeInteger(count) || count < 1) throw new Error("counts of at least 1");
      const affine = terms.withAffine ? { scaled, angle, rotation, total } : null;
      octave.sketch.add(fingerprint, () => ({ norm, uniform, orthogonal, affine }), count);
    }
    if (droppedFrom !== null) octave.sketch.dropFrom(asNumber(droppedFrom, "droppedFrom"));
    return octave;
  }
}

function quantitiesUnder({ withAffine }: Terms): Quantity[] {
  return (Object.keys(grids) as Quantity[]).filter((name) => withAffine || !affineQuantities.includes(name));
}
