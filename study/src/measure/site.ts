/**
 * One site, as sums that merge: two parts of a study, saved and merged, give what one run over all rows gives. Means,
 * standard deviations, ranges and counts are the same to the last bit, quantiles to the grid's resolution.
 */
import { counted } from "@orthonorm/files";
import { asNumber, asObject } from "../summary/saved.js";
import type { Norm, Population, Site, Spread } from "../types.js";
import { centredBelow } from "./centred.js";
import { type Columns, type Quantity, quantitiesOf, type Terms } from "./measures.js";
import { binOf } from "./norm-bin.js";
import { chanceSd, chanceTilt, degrees } from "./null-model.js";
import type { QuantityStats } from "./quantity-stats.js";
import type { Repeats } from "./repeats.js";
import { type FewRows, RowSums } from "./row-sums.js";
import { SampleSums } from "./sample.js";

/** What tells two sites apart, and must be the same in two parts of one. */
export interface SiteKey {
  site: string;
  dtype: string;
  cols: number;
  norm: Norm;
  eps: number;
  affine: Site["affine"];
}

/**
 * A vector that makes up this share of the rows, and occurs this often at least, is one state seen again and again (an attention
 * sink's) and counts once. Fewer copies are natural: in the first layer, equal tokens at equal positions give the same vector.
 *
 * Where one site of a model has such a vector, half the share is enough at all of them: a state that is near the limit, and
 * whose copies differ in their last bits at a site or are left out there for another reason, is treated alike at all sites.
 */
const copiesShare = 0.05;
const copiesShareBeside = copiesShare / 2;
const fewestCopies = 3;

/** How many rows are kept one by one, for a figure of tokens. */
const tokenRows = 512;

export class SiteSums {
  /** Rows in the files; how many were read; those that a mask leaves out; those without a direction. */
  rows = 0;
  read = 0;
  private masked = 0;
  private zero = 0;
  private notFinite = 0;
  /** The rows with a direction: few of them as they were measured. */
  private measured: RowSums | FewRows;
  /** The sums of few rows, once they were asked for. */
  private summed: RowSums | null = null;
  /** The sample's sums, or their text: a hundred sums take three times as much. */
  private sample: SampleSums | string | null = null;
  /**
   * |90° − θ| of the first rows, in their order. It belongs to the rows of one tensor: which rows of a merged site are the first
   * depends on the order of its parts, so it is not saved and does not merge.
   */
  private tokens: (number | null)[] | null = [];
  readonly terms: Terms;

  constructor(readonly key: SiteKey) {
    const { norm, dtype, cols, eps, affine } = key;
    this.terms = { norm, cols, eps, withAffine: affine !== null, centredBelow: centredBelow(dtype, cols) };
    this.measured = new RowSums(this.terms);
  }

  /** The sums of the rows with a direction. What is added to them is kept only where `keep` has not given few rows. */
  get sums(): RowSums {
    if (this.measured instanceof RowSums) return this.measured;
    this.summed ??= this.measured.sums();
    return this.summed;
  }

  private get repeats(): Repeats {
    return (this.summed ?? this.measured).repeats;
  }

  /** Lets go of what takes much memory in a site of few rows, and can be made again. */
  compact(): void {
    if (this.measured instanceof RowSums) return;
    this.summed = null;
    if (this.sample instanceof SampleSums) this.sample = JSON.stringify(this.sample);
  }

  /** Keeps a site's rows with a direction, all of them, as what was measured of them. */
  keep(rows: FewRows): void {
    this.measured = rows;
  }

  addMasked(): void {
    this.masked++;
  }

  /** Keeps the tilts of the first rows. Called with all rows of each block, in their order, before they are counted as read. */
  addTokens({ length, uniform, orthogonal }: Columns, count: number, mask: Uint8Array | null): void {
    const { tokens } = this;
    if (tokens === null) return;
    for (let row = 0; row < count && tokens.length < tokenRows; row++) {
      const tilt = Math.abs(Math.atan2(uniform[row], orthogonal[row])) * degrees;
      const counts = mask === null || mask[(this.read + row) % mask.length] !== 0;
      tokens.push(counts && length[row] > 0 && Number.isFinite(tilt) ? tilt : null);
    }
  }

  addZero(): void {
    this.zero++;
  }

  addNotFinite(): void {
    this.notFinite++;
  }

  addSample(sample: SampleSums): void {
    const sums = this.sampled;
    sums?.addAll(sample);
    this.sample = sums ?? sample;
  }

  private get sampled(): SampleSums | null {
    return typeof this.sample === "string" ? SampleSums.from(this.terms.cols, JSON.parse(this.sample)) : this.sample;
  }

  /** @throws Error naming what differs, unless the other is a part of the same site */
  addAll(other: SiteSums): void {
    for (const name of ["dtype", "cols", "norm", "eps"] as const) {
      if (this.key[name] !== other.key[name]) throw new Error(`${name} ${this.key[name]} and ${other.key[name]}`);
    }
    if (JSON.stringify(this.key.affine) !== JSON.stringify(other.key.affine)) throw new Error("weights that differ");
    this.rows += other.rows;
    this.read += other.read;
    this.masked += other.masked;
    this.tokens = null;
    this.zero += other.zero;
    this.notFinite += other.notFinite;
    this.measured = this.sums;
    this.summed = null;
    this.measured.addAll(other.sums);
    const { sampled } = other;
    if (sampled !== null) this.addSample(sampled);
  }

  /** Why there are no figures, in words; null where there are. */
  get unfit(): string | null {
    if (this.measured.count > 0) return null;
    return this.read === 0
      ? "not read"
      : `no row has an angle: ${describeExcluded(this.zero, this.notFinite, this.masked)}`;
  }

  /** The norm from which on a row is massive: eight times the power of two at or above the median. */
  get massiveAbove(): number {
    return massiveFrom(this.sums.pooled(() => true));
  }

  /** Whether a vector makes up so much of the rows that half as much is enough at the other sites of the model. */
  get hasRepeated(): boolean {
    return this.repeats.atLeast(this.often(false)).length > 0;
  }

  /** How often a vector occurs that counts once. @param beside whether the model has such a vector at one of its sites */
  often(beside = this.hasRepeated): number {
    return Math.max(fewestCopies, (beside ? copiesShareBeside : copiesShare) * this.measured.count);
  }

  /** Whether a repeated row at another site of the model would change the figures. */
  get dependsOnOthers(): boolean {
    const { repeats } = this;
    return repeats.atLeast(this.often(true)).length !== repeats.atLeast(this.often(false)).length;
  }

  /**
   * The figures; there must be a row with a direction.
   *
   * @param beside whether one of the model's sites has a vector that makes up 5 % of its rows
   */
  figures(beside = this.hasRepeated): Site {
    const { key, rows, read, sums, repeats } = this;
    const all = sums.pooled(() => true);
    const massiveAbove = massiveFrom(all);
    const isMassive = (k: number) => 2 ** k >= massiveAbove;
    const massive = sums.pooled(isMassive);
    const once = repeats.atLeast(this.often(beside)).filter(({ row }) => !isMassive(binOf(row.length[0])));
    // Mostly nothing is left out, and of ten thousands of sites the same sums and figures twice are too many.
    const apart = massive.rows > 0 || once.length > 0;
    const ordinary = apart ? sums.pooled((k) => !isMassive(k)) : all;
    for (const { row, count } of once) ordinary.remove(row, count - 1);
    const most = repeats.most(all.rows);
    const allFigures = population(all, this.terms);
    return {
      site: key.site,
      dtype: key.dtype,
      eps: key.eps,
      cols: key.cols,
      rows,
      read,
      apart: {
        masked: this.masked,
        zero: this.zero,
        notFinite: this.notFinite,
        massive: massive.rows,
        repeated: all.rows - massive.rows - ordinary.rows,
      },
      massiveAbove,
      repeatedExactly: once.every(({ exact }) => exact),
      repeatsKnown: repeats.complete,
      repeatedShare: repeats.share(all.rows),
      mostRepeated: most && {
        count: most.count,
        exact: most.exact,
        norm: most.row.length[0],
        angle: quantitiesOf(most.row, 1, this.terms).angle[0],
      },
      centred: 2 * ordinary.centred >= ordinary.rows,
      centredRows: ordinary.centred,
      null: chanceOf(key.cols),
      ordinary: apart ? population(ordinary, this.terms) : allFigures,
      massive: massive.rows > 0 ? population(massive, this.terms) : null,
      all: allFigures,
      tokens: this.tokens,
      affine: key.affine,
      sample: this.sampled?.figures() ?? null,
    };
  }

  toJSON() {
    const { key, rows, read, masked, zero, notFinite, sums, sampled } = this;
    return { ...key, rows, read, masked, zero, notFinite, ...sums.toJSON(), sample: sampled };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(saved: unknown): SiteSums {
    const { site, dtype, cols, norm, eps, affine, octaves, repeats, sample, ...counts } = asObject(saved, "a site");
    if (typeof site !== "string" || typeof dtype !== "string") throw new Error("a site's name and dtype as text");
    if (!Number.isSafeInteger(cols) || (cols as number) < 1) throw new Error("cols of at least 1");
    if (norm !== "LayerNorm" && norm !== "RMSNorm") throw new Error("a norm, LayerNorm or RMSNorm");
    const sums = new SiteSums({
      site,
      dtype,
      cols: cols as number,
      norm,
      eps: asNumber(eps, "eps"),
      affine: affineFrom(affine),
    });
    for (const name of ["rows", "read", "masked", "zero", "notFinite"] as const) {
      if (!Number.isSafeInteger(counts[name]) || (counts[name] as number) < 0) throw new Error(`${name} as a count`);
    }
    sums.tokens = null;
    sums.rows = counts.rows as number;
    sums.read = counts.read as number;
    sums.masked = counts.masked as number;
    sums.zero = counts.zero as number;
    sums.notFinite = counts.notFinite as number;
    sums.measured = RowSums.from(sums.terms, octaves, repeats);
    const { masked, zero, notFinite } = sums;
    const directed = sums.measured.count;
    if (directed + masked + zero + notFinite !== sums.read || sums.read > sums.rows) {
      throw new Error(`the rows to add up, ${directed} + ${masked} + ${zero} + ${notFinite} of ${sums.read}`);
    }
    if (sample !== null) sums.sample = SampleSums.from(sums.terms.cols, sample);
    return sums;
  }
}

/** Of the d before: sites of one d mostly follow each other. */
let chance = { cols: 0, null: { sd: 0, deviation: 0 } };

function chanceOf(cols: number): Site["null"] {
  if (chance.cols !== cols) chance = { cols, null: { sd: chanceSd(cols), deviation: chanceTilt(cols) } };
  return chance.null;
}

/** The norm from which on a row is massive. @param all rows with a direction */
function massiveFrom(all: QuantityStats): number {
  return 2 ** (3 + Math.ceil(Math.log2(all.of("norm").spread().median)));
}

function affineFrom(saved: unknown): Site["affine"] {
  if (saved === null) return null;
  const { weight, bias, values, offset } = asObject(saved, "the names of weight and bias");
  const { value, from } = asObject(offset, "the offset of weights");
  if (typeof weight !== "string" || (bias !== null && typeof bias !== "string") || typeof values !== "string") {
    throw new Error("the names of weight and bias as text");
  }
  if ((value !== 0 && value !== 1) || typeof from !== "string") throw new Error("an offset of weights, 0 or 1");
  return { weight, bias, values, offset: { value, from } };
}

function population(stats: QuantityStats, terms: Terms): Population {
  const spread = (name: Quantity, withHistogram = false) => stats.of(name).spread(withHistogram);
  const { withAffine, norm } = terms;
  /** Null too where weight and bias leave no row a direction. */
  const turned = (name: Quantity, withHistogram = false) =>
    withAffine && stats.of(name).count > 0 ? spread(name, withHistogram) : null;
  const angle = spread("angle", true);
  const tilt = spread("deviation");
  const { dCos2, swap } = stats.means;
  return {
    rows: stats.rows,
    withoutAngleAfter: withAffine ? stats.rows - stats.of("angleAfter").count : 0,
    angle,
    deviation: tilt,
    dCos2: { mean: dCos2 },
    norm: spread("norm"),
    projected: spread("projected"),
    standardized: spread("standardized"),
    scaled: withAffine ? spread("scaled") : null,
    angleStandardized: norm === "LayerNorm" ? always90 : angle,
    angleAfter: turned("angleAfter", true),
    rotation: {
      standardization: norm === "LayerNorm" ? tilt : always0,
      affine: turned("affine"),
      total: turned("total"),
    },
    swapPredicted: swap,
  };
}

/** The spread of what is the same for every row by construction. */
function always(value: number): Spread {
  return {
    mean: value,
    sd: 0,
    min: value,
    q1: value,
    median: value,
    q3: value,
    max: value,
    histogram: null,
    values: null,
  };
}

const always90 = always(90);
const always0 = always(0);

/** "3 rows of zeros, 1 row with NaN, infinite or too large values". */
export function describeExcluded(zero: number, notFinite: number, masked = 0): string {
  const parts: string[] = [];
  if (masked > 0) parts.push(`${counted(masked, "masked row")}`);
  if (zero > 0) parts.push(`${counted(zero, "row")} of zeros`);
  if (notFinite > 0) parts.push(`${counted(notFinite, "row")} with NaN, infinite or too large values`);
  return parts.join(", ");
}
