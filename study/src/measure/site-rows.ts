/** The rows of one site on their way from measured blocks into the site's sums, wherever the rows come from. */
import type { Engine } from "orthonorm";
import { BottomK, type Counted } from "../summary/bottom-k.js";
import type { Block } from "./block.js";
import { elementsPrint, lengthsPrint, lowerRange } from "./fingerprint.js";
import type { Columns } from "./measures.js";
import { binOf } from "./norm-bin.js";
import { Batch } from "./repeats.js";
import { FewRows, fewRows } from "./row-sums.js";
import { type Floats, SampleSums, sampleRows } from "./sample.js";
import { type SiteKey, SiteSums } from "./site.js";

/** The squares of longer rows leave the range of doubles. */
const longest = 1e150;

export interface Collected {
  sums: SiteSums;
  /** The sampled rows, where halves are f32; null where no row has a direction. */
  sample: Floats | null;
}

/** The rows of a block whose copies are not counted yet. */
const batch = new Batch();

export class SiteRows {
  readonly sums: SiteSums;
  private readonly sample: RowSample;

  /** @param rows how many there are in all */
  constructor(key: SiteKey, rows: number) {
    this.sums = new SiteSums(key);
    this.sums.rows = rows;
    this.sample = new RowSample(sampleRows(key.cols));
  }

  /**
   * Adds the first `count` rows of a block that was measured.
   *
   * @param mask per row, 0 where it is padding. One that is shorter than the rows is repeated
   */
  add(block: Block, columns: Columns, count: number, mask: Uint8Array | null = null): void {
    const { sums, sample } = this;
    const { length: lengths, uniform, scaled } = columns;
    const [lengthWords, uniformWords] = [lengths, uniform].map(({ buffer }) => new Uint32Array(buffer));
    const { withAffine } = sums.terms;
    sums.addTokens(columns, count, mask);
    const elements = block.words;
    const rowWords = elements.length / block.rows;
    const { sums: added } = sums;
    const { repeats } = added;
    // Few rows come in one block.
    const few = sums.rows <= Math.min(fewRows, block.rows);
    const directed: number[] = [];
    const fingerprints: number[] = [];
    batch.size = 0;
    for (let row = 0; row < count; row++) {
      const length = lengths[row];
      if (mask !== null && mask[(sums.read + row) % mask.length] === 0) sums.addMasked();
      else if (length === 0) sums.addZero();
      else if (!(length <= longest) || (withAffine && !(scaled[row] <= longest))) sums.addNotFinite();
      else {
        const k = binOf(length);
        const least = lengthsPrint(lengthWords, uniformWords, row);
        if (!few) {
          added.bin(k).add(row);
          batch.add(row, least / lowerRange);
          if (batch.full) repeats.count(batch, columns, elements, rowWords);
        }
        const wanted = sample.wants(least);
        if (!few && !wanted && !repeats.wants(least)) continue;
        const print = least + elementsPrint(least, elements, row * rowWords, rowWords);
        if (few) {
          directed.push(row);
          fingerprints.push(print);
        } else repeats.add(print);
        if (wanted) sample.add(print, k, block, row);
      }
    }
    if (few) sums.keep(new FewRows(sums.terms, columns, directed, fingerprints));
    else {
      repeats.count(batch, columns, elements, rowWords);
      added.settle(columns);
    }
    sums.read += count;
  }

  /** Measures what takes the rows themselves, on the sample of them; no row comes after it. */
  finish(engine: Engine): Collected {
    const { sums } = this;
    const { cols, eps } = sums.key;
    const sampled = this.ordinarySample();
    if (sampled === null) return { sums, sample: null };
    sums.addSample(SampleSums.measure(engine, sampled.rows, sampled.counts, cols, eps));
    return { sums, sample: sampled.rows };
  }

  /** Those of the sampled rows that are not massive. */
  private ordinarySample(): { rows: Floats; counts: number[] } | null {
    const { sums } = this;
    if (sums.unfit !== null) return null;
    const { massiveAbove } = sums;
    const kept = this.sample.rows().filter(({ row: { bin } }) => 2 ** bin < massiveAbove);
    if (kept.length === 0) return null;
    const { cols } = sums.key;
    const rows = new (kept[0].row.elements instanceof Float64Array ? Float64Array : Float32Array)(kept.length * cols);
    for (const [i, { row }] of kept.entries()) rows.set(row.elements, i * cols);
    // A vector that counts once in the figures counts once in the sample.
    const often = sums.often();
    return { rows, counts: kept.map(({ count }) => (count >= often ? 1 : count)) };
  }
}

interface SampledRow {
  elements: Floats;
  /** The bin in which it was counted, which decides whether it is massive: its length, computed again, may round differently. */
  bin: number;
}

/** Rows that are kept whole. A row that is dropped leaves its memory to the next. */
class RowSample {
  private readonly spare: Floats[] = [];
  private readonly distinct: BottomK<SampledRow>;

  constructor(rows: number) {
    this.distinct = new BottomK(rows, ({ elements }) => this.spare.push(elements));
  }

  wants(least: number): boolean {
    return this.distinct.wants(least);
  }

  add(fingerprint: number, bin: number, block: Block, row: number): void {
    this.distinct.add(fingerprint, () => ({ elements: block.copy(row, this.spare.pop()), bin }));
  }

  /** The rows, and how often each occurs. */
  rows(): Counted<SampledRow>[] {
    return this.distinct.entries().map(([, kept]) => kept);
  }
}
