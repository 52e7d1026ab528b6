/**
 * One site, as sums that add up: two parts of a study, saved and merged, give what one run over all rows gives. Means,
 * deviations, ranges and counts to the last bit, quantiles to the grid's resolution.
 */
import { counted } from "@orthonorm/files";
import type { Norm, Population, Site, Spread } from "../figures.js";
import { upperWord } from "./bits.js";
import { type Columns, type Quantity, quantitiesOf, type Terms } from "./measures.js";
import { chanceDeviation, chanceSd } from "./null-model.js";
import { Octave, Sums } from "./octave.js";
import { SampleSums } from "./sample.js";
import { asNumber, asObject } from "./saved.js";
import { Tally } from "./tally.js";

/** What tells two sites apart, and must be the same in two parts of one. */
export interface SiteHead {
  site: string;
  dtype: string;
  cols: number;
  norm: Norm;
  eps: number;
  affine: Site["affine"];
}

/**
 * A vector that makes up so large a share of the rows, and occurs so often, is one state seen again and again (an attention
 * sink's) and counts once. Fewer copies are natural: in the first layer, all that equal tokens at equal positions give.
 */
const copiesShare = 0.05;
const fewestCopies = 3;

export class SiteSums {
  /** Rows in the files; how many were read; those without a direction. */
  rows = 0;
  read = 0;
  private zero = 0;
  private notFinite = 0;
  /** All that a double can be in, from the smallest norms up: found by their place, for each row asks for one. */
  private readonly octaves = new Array<Octave | null>(octaveCount).fill(null);
  /** Those of them that there are, as they came. */
  private readonly made: Octave[] = [];
  private sample: SampleSums | null = null;
  readonly terms: Terms;

  constructor(readonly head: SiteHead) {
    const { norm, cols, eps, affine } = head;
    this.terms = { norm, cols, eps, withAffine: affine !== null };
  }

  /** Where rows with a direction are added whose norm lies in [2ᵏ, 2ᵏ⁺¹). */
  octave(which: number): Octave {
    const at = which - lowestOctave;
    const there = this.octaves[at];
    if (there !== null) return there;
    const made = new Octave(this.terms);
    this.octaves[at] = made;
    this.made.push(made);
    return made;
  }

  /** Adds up the rows of some columns that octaves were told of. */
  settle(rows: Columns): void {
    for (const octave of this.made) octave.settle(rows);
  }

  addZero(): void {
    this.zero++;
  }

  addNotFinite(): void {
    this.notFinite++;
  }

  addSample(sample: SampleSums): void {
    if (this.sample === null) this.sample = sample;
    else this.sample.addAll(sample);
  }

  /** @throws Error naming what differs, unless the other is a part of the same site */
  addAll(other: SiteSums): void {
    for (const key of ["dtype", "cols", "norm", "eps"] as const) {
      if (this.head[key] !== other.head[key]) throw new Error(`${key} ${this.head[key]} and ${other.head[key]}`);
    }
    if (JSON.stringify(this.head.affine) !== JSON.stringify(other.head.affine)) throw new Error("weights that differ");
    this.rows += other.rows;
    this.read += other.read;
    this.zero += other.zero;
    this.notFinite += other.notFinite;
    for (const [which, octave] of other.inOrder) this.octave(which).addAll(octave);
    if (other.sample !== null) this.addSample(other.sample);
  }

  /** In words why there are no figures, or null. */
  get unfit(): string | null {
    if (this.made.length > 0) return null;
    return this.read === 0 ? "not read" : `no row has an angle: ${describeApart(this.zero, this.notFinite)}`;
  }

  /** The norm from which on a row is massive: eight times the power of two at or above the median. */
  get massiveAbove(): number {
    const norms = new Tally("length");
    for (const [, octave] of this.inOrder) norms.addAll(octave.sums.tally("norm"));
    return 2 ** (3 + Math.ceil(Math.log2(norms.spread().median)));
  }

  /** The figures; there must be a row with a direction. */
  figures(): Site {
    const { head, rows, read } = this;
    const { massiveAbove } = this;
    const isMassive = (octave: number) => 2 ** octave >= massiveAbove;
    const all = this.pooled(() => true);
    const often = Math.max(fewestCopies, copiesShare * all.rows);
    const ordinary = this.pooled((octave) => !isMassive(octave), often);
    const massive = this.pooled(isMassive);

    const octaves = this.inOrder.map(([, octave]) => octave);
    const repeated = octaves
      .flatMap((octave) => octave.repeated())
      .sort((a, b) => b.count - a.count || b.row.norm[0] - a.row.norm[0])[0];
    const share = octaves.reduce((sum, octave) => sum + octave.repeatedShare * octave.sums.rows, 0) / all.rows;
    const angleOf = (row: Columns) => quantitiesOf(row, 1, this.terms).angle[0];
    return {
      site: head.site,
      dtype: head.dtype,
      cols: head.cols,
      rows,
      read,
      apart: {
        zero: this.zero,
        notFinite: this.notFinite,
        massive: massive.rows,
        repeated: all.rows - massive.rows - ordinary.rows,
      },
      massiveAbove,
      repeatsKnown: octaves.every(({ repeatsKnown }) => repeatsKnown),
      repeatedShare: share,
      mostRepeated:
        repeated === undefined
          ? null
          : { count: repeated.count, norm: repeated.row.norm[0], angle: angleOf(repeated.row) },
      centred: all.means.swap.max < centredBelow(head.dtype, head.cols),
      null: { sd: chanceSd(head.cols), deviation: chanceDeviation(head.cols) },
      ordinary: population(ordinary, this.terms),
      massive: massive.rows > 0 ? population(massive, this.terms) : null,
      all: population(all, this.terms),
      affine: head.affine,
      sample: this.sample?.figures() ?? null,
    };
  }

  /** @param often rows that occur so often count once */
  private pooled(which: (octave: number) => boolean, often = Number.POSITIVE_INFINITY): Sums {
    const sums = new Sums(this.terms);
    for (const [octave, there] of this.inOrder) {
      if (which(octave)) sums.addAll(Number.isFinite(often) ? there.withoutCopies(often) : there.sums);
    }
    return sums;
  }

  /** Those with rows. In one order, whichever came first: shares of them add up with rounding, and histograms grow at their end. */
  private get inOrder(): [which: number, octave: Octave][] {
    return this.octaves.flatMap((octave, at) => (octave === null ? [] : [[at + lowestOctave, octave]]));
  }

  toJSON() {
    const { head, rows, read, zero, notFinite, sample } = this;
    return { ...head, rows, read, zero, notFinite, octaves: this.inOrder, sample };
  }

  /** @throws Error in words of what was expected, unless the value is what toJSON gives */
  static from(saved: unknown): SiteSums {
    const { site, dtype, cols, norm, eps, affine, octaves, sample, ...counts } = asObject(saved, "a site");
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
    for (const key of ["rows", "read", "zero", "notFinite"] as const) {
      if (!Number.isSafeInteger(counts[key]) || (counts[key] as number) < 0) throw new Error(`${key} as a count`);
    }
    sums.rows = counts.rows as number;
    sums.read = counts.read as number;
    sums.zero = counts.zero as number;
    sums.notFinite = counts.notFinite as number;
    if (!Array.isArray(octaves)) throw new Error("octaves as a list");
    for (const pair of octaves) {
      if (!Array.isArray(pair) || pair.length !== 2 || !isOctave(pair[0])) {
        throw new Error("octaves with their numbers");
      }
      sums.octave(pair[0]).addAll(Octave.from(sums.terms, pair[1]));
    }
    const directed = sums.pooled(() => true).rows;
    if (directed + sums.zero + sums.notFinite !== sums.read || sums.read > sums.rows) {
      throw new Error(`the rows to add up, ${directed} + ${sums.zero} + ${sums.notFinite} of ${sums.read}`);
    }
    if (sample !== null) sums.sample = SampleSums.from(sample);
    return sums;
  }
}

function affineFrom(saved: unknown): Site["affine"] {
  if (saved === null) return null;
  const { weight, bias, values } = asObject(saved, "the names of weight and bias");
  if (typeof weight !== "string" || (bias !== null && typeof bias !== "string") || typeof values !== "string") {
    throw new Error("the names of weight and bias as text");
  }
  return { weight, bias, values };
}

const lowestOctave = -1074;
const octaveCount = 1024 - lowestOctave;

function isOctave(which: unknown): which is number {
  return Number.isSafeInteger(which) && (which as number) >= lowestOctave && (which as number) < 1024;
}

/** k with 2ᵏ ≤ norm < 2ᵏ⁺¹, by the exponent's bits: a logarithm may round up to the next. @param norm above 0 */
export function octaveOf(norm: number): number {
  const exponent = upperWord(norm) >>> 20;
  return exponent === 0 ? octaveOf(norm * 2 ** 52) - 52 : exponent - 1023;
}

/** By dtype of the file, half the distance between 1 and the next number. */
const unitRoundoff: Record<string, number> = { F64: 2 ** -53, F32: 2 ** -24, F16: 2 ** -11, BF16: 2 ** -8 };

/**
 * Below what |mean|/RMS = |cos θ|, and for so small an angle the swap error too, the states count as centred beforehand:
 * 1e-6, or what rounding centred rows to a 16-bit format leaves of their zero mean.
 */
function centredBelow(dtype: string, cols: number): number {
  return Math.max(1e-6, (2 * unitRoundoff[dtype]) / Math.sqrt(cols));
}

function population(sums: Sums, terms: Terms): Population {
  const spread = (name: Quantity, withHistogram = false) => sums.tally(name).spread(withHistogram);
  const { withAffine, norm } = terms;
  const angle = spread("angle", true);
  const deviation = spread("deviation");
  const { dCos2, swap } = sums.means;
  return {
    rows: sums.rows,
    angle,
    deviation,
    dCos2: { mean: dCos2 },
    norm: spread("norm"),
    projected: spread("projected"),
    standardized: spread("standardized"),
    scaled: withAffine ? spread("scaled") : null,
    angleStandardized: norm === "LayerNorm" ? always(90) : angle,
    angleAfter: withAffine ? spread("angleAfter", true) : null,
    rotation: {
      standardization: norm === "LayerNorm" ? deviation : always(0),
      affine: withAffine ? spread("affine") : null,
      total: withAffine ? spread("total") : null,
    },
    swapPredicted: swap,
  };
}

/** The spread of what is the same for every row by construction. */
function always(value: number): Spread {
  return { mean: value, sd: 0, min: value, q1: value, median: value, q3: value, max: value, histogram: null };
}

/** "3 rows of zeros, 1 row with NaN or infinite values". */
export function describeApart(zero: number, notFinite: number): string {
  const parts: string[] = [];
  if (zero > 0) parts.push(`${counted(zero, "row")} of zeros`);
  if (notFinite > 0) parts.push(`${counted(notFinite, "row")} with NaN or infinite values`);
  return parts.join(", ");
}
