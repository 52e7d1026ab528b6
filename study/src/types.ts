/**
 * What a study says, as numbers: the shape of `--json`, of the report's data and of what the explorer draws. Angles are in
 * degrees; every number is finite.
 */

import type { Spread } from "./summary/running-stats.js";

export type { Spread };
export type Norm = "LayerNorm" | "RMSNorm";

export interface Report {
  /** The version of Orthonorm. */
  version: string;
  engine: { variant: string };
  /** Of all sites but those that have another. */
  eps: number;
  /** Whether all rows of all sites were read: false after Ctrl-C. */
  complete: boolean;
  groups: Group[];
  skipped: Skipped[];
  /** What a reader of the figures should know of the files: how they might be split, which sites a mask fits. */
  hints: string[];
  /** The time of the two norms on the sites' rows, once per d; empty where they were not timed. */
  speed: Speed[];
}

/** The sites of one model. */
export interface Group {
  /** The group's name in tables and figures: the end of its path, as short as keeps the groups apart, or --pool's name. */
  label: string;
  sources: SourceFile[];
  /** The norm with which the model was trained, according to --norm, the files' metadata, or the weights (a bias is LayerNorm's). */
  norm: Norm | null;
  /** Where that is known from: "--norm", "metadata" or "weights". Null where it is not known; LayerNorm is then assumed. */
  normFrom: string | null;
  /** In the order of their depth, which figures have from left to right. */
  sites: Site[];
  /** What RMSNorm in LayerNorm's place changes in the model's own output; null, or left out, where the model was not run with it. */
  swap?: ModelSwap | null;
}

/** What the model's own output changes with RMSNorm in the place of some of its LayerNorms. */
export interface SwapEffect {
  /** ‖Δ‖/‖y‖ of the output. */
  relative: number;
  /** The share of rows whose largest element is the same one; null where rows have a single element. */
  agreement: number | null;
  /** Mean KL divergence of softmax(y) from softmax of the swapped output, in nats; null unless the output is named logits. */
  divergence: number | null;
  /** The loss on the text that a language model was run on, in nats per token, without the swap and with it; left out of other models. */
  loss?: { before: number; after: number } | null;
}

export interface ModelSwap {
  /** Of each LayerNorm that can be swapped, by the name of its site. */
  sites: ReadonlyMap<string, SwapEffect>;
  /** Of all of these at once; null where there is none. */
  together: SwapEffect | null;
  /** The LayerNorms that cannot be swapped. */
  fixed: { site: string; reason: string }[];
}

export interface SourceFile {
  name: string;
  bytes: number | null;
}

export interface Skipped {
  source: string;
  /** Null where the whole file was left out. */
  tensor: string | null;
  reason: string;
}

/** One site: the vectors that enter one norm. */
export interface Site {
  site: string;
  dtype: string;
  /** The eps of its norm. */
  eps: number;
  /** d. */
  cols: number;
  /** Rows in the files, and how many of them were read: all, unless the study was stopped. */
  rows: number;
  read: number;
  /** How many rows are excluded from the ordinary ones, by the reason. Each is counted once, for the first reason in this order. */
  apart: {
    /** What --mask leaves out: padding. */
    masked: number;
    /** All zeros: no direction. */
    zero: number;
    /** With NaN or an infinity, there or after weight and bias, or longer than 1e150, whose square is no number. */
    notFinite: number;
    /** Longer than `massiveAbove`. */
    massive: number;
    /**
     * Copies, bit for bit, of a row that makes up 5 % of the rows or more, or 2.5 % where a site of the model has a row that makes
     * up 5 %: it counts once.
     */
    repeated: number;
  };
  /** The norm from which on a row is massive: eight times the power of two at or above the median norm. */
  massiveAbove: number;
  /** Whether the copies left out are all there are. If not, they are so many at least. */
  repeatedExactly: boolean;
  /** Whether all distinct rows are known, which are up to 512. If not, `repeatedShare` is an estimate. */
  repeatsKnown: boolean;
  /** The share of the rows with a direction that repeat an earlier one. */
  repeatedShare: number;
  /**
   * How often the most frequent row occurs (at least, unless it is exact), and its norm and angle. Null where no row repeats, and
   * of more than 512 distinct rows where none makes up 1 %.
   */
  mostRepeated: { count: number; exact: boolean; norm: number; angle: number } | null;
  /**
   * Whether the mean of most ordinary rows, half of them at least, is zero up to rounding: they were centred beforehand. The angle is
   * 90° by construction then, and says nothing about the model.
   */
  centred: boolean;
  /** How many of the ordinary rows those are. */
  centredRows: number;
  /** Of random directions at this d: the standard deviation of the angle, and the mean |90° − θ|. */
  null: { sd: number; deviation: number };
  /** The rows that are not left out: the figures to read. */
  ordinary: Population;
  /** The massive ones; null where there are none. */
  massive: Population | null;
  /** All rows with a direction, as the paper counts them. */
  all: Population;
  /**
   * |90° − θ| of the first rows in the order of the file, 512 at most; null for a row without a direction. They are kept in the run
   * that reads the rows, and null as a whole where parts were merged or sums were saved.
   */
  tokens: (number | null)[] | null;
  /** The names of weight and bias, where --weights gave them, and a fingerprint of their values. */
  affine: {
    weight: string;
    bias: string | null;
    values: string;
    /** 1 where the norm multiplies by 1 + weight, and what says so: "--weight-offset", "model_type gemma2 in config.json". */
    offset: { value: 0 | 1; from: string };
  } | null;
  /** Measured on a sample of the ordinary rows; null where the study was stopped before. */
  sample: Sample | null;
  /** Of RMSNorm in this LayerNorm's place, where the model was run with it; it is neither saved nor merged. */
  swapOutput?: SwapEffect | null;
}

/** A group of rows. */
export interface Population {
  rows: number;
  /** How many of them have no direction after weight and bias, which are zeros there: they are in no angle after the norm. */
  withoutAngleAfter: number;
  /** θ = angle(x, 1) before the norm. */
  angle: Spread;
  /** |90° − θ|: what LayerNorm's standardization rotates by, exactly. */
  deviation: Spread;
  /** d·cos²θ: the share of the uniform direction; 1 is chance. */
  dCos2: { mean: number };
  /** ‖x‖ before the norm. */
  norm: Spread;
  /** ‖x − (x·1̂)1̂‖ after the projection (under RMSNorm there is none: ‖x‖). */
  projected: Spread;
  /** ‖y‖ after standardization: √d, less what eps takes. */
  standardized: Spread;
  /** ‖z‖ after scale and shift; null without weights. */
  scaled: Spread | null;
  /** angle(y, 1) after standardization: 90° under LayerNorm, θ under RMSNorm. */
  angleStandardized: Spread;
  /** angle(z, 1) after the whole norm; null without weights. */
  angleAfter: Spread | null;
  /** Angles between a vector and what becomes of it. */
  rotation: {
    /** angle(x, y): |90° − θ| under LayerNorm, 0 under RMSNorm. */
    standardization: Spread;
    /** angle(y, z): what weight and bias do; null without weights. */
    affine: Spread | null;
    /** angle(x, z): both; null without weights. */
    total: Spread | null;
  };
  /** 2 sin(|90° − θ|/2): what ‖RMSNorm(x) − LN(x)‖/√d is by the angle, as a fraction. */
  swapPredicted: { mean: number; max: number };
}

/** What takes the rows themselves: both norms are run, and fits are made, on a random sample of the distinct ordinary rows. */
export interface Sample {
  rows: number;
  /** ‖RMSNorm(x) − LN(x)‖/√d by the engine, and as the angle predicts it for the same rows. */
  swap: { mean: number; max: number; predicted: { mean: number; max: number } };
  /** Largest |RMSNorm(x) − (sin θ·LN(x) + cos θ·1)|/max(1, |RMSNorm(x)|), eps = 0. */
  identityError: number;
  /** The engine against the f64 oracle: the largest |Δ|/max(1, |y|) of both norms, and in how many rows it was looked for. */
  engineError: { max: number; rows: number };
  /**
   * The rank of the uniform vector among random directions by mean |cos θ|: `lower` of them have a smaller one. 0 says that the
   * states avoid the uniform vector more than any of them. The directions are vectors of ±1, below d = 16 normal vectors.
   */
  uniformRank: {
    lower: number;
    directions: number;
    meanAbsCos: number;
    directionsMeanAbsCos: { min: number; median: number; max: number };
    /** The mean |cos θ| of each random direction, from the least to the greatest; for a figure, and not in the JSON. */
    each: number[];
  };
  /**
   * What the rows have in common: the mean of the rows at length 1. Its share of a row's squared length, ‖mean‖², of which n
   * independent rows have 1/n by chance; and its angle to the uniform vector in degrees, null where it is zero. Of merged parts they
   * are means over the parts' own.
   */
  common: { share: number; angle: number | null };
  /**
   * Of two rows of the sample: their mean cosine, and how far what a random direction has in common with the one tells what it
   * has with the other, (d·cos² − 1)/(d − 1) in the mean. Null of a single row.
   */
  pairs: { cosine: number; correlation: number } | null;
  /** The shares of the states' variance about their mean vector that the norm forgets; null of fewer than 16 rows. */
  lost: {
    /** Var(x·1̂)/total: LayerNorm's projection. */
    uniform: number;
    /** Var(‖x⊥‖)/total: LayerNorm's scaling; RMSNorm's is `rmsNorm`, Var(‖x‖)/total. */
    norm: number;
    rmsNorm: number;
  } | null;
  /**
   * The share of variance, R², that the best α ⊙ y + β per dimension recovers of x from the standardized y. It is 1 for BatchNorm,
   * and less for LayerNorm and RMSNorm. Null of fewer than 16 rows, which two parameters per dimension would fit too well.
   */
  recovered: { layerNorm: number; rmsNorm: number; batchNorm: number } | null;
  /** invertLayerNorm with the saved mean and rstd: largest |Δ|/RMS(x). */
  inverseError: number;
}

/** Times on some rows of a site, as f32 in engine memory. They are null where engine and plain JavaScript differ by more than 1e-5. */
export interface Speed {
  rows: number;
  cols: number;
  microseconds: { layerNorm: number; rmsNorm: number; javascript: number } | null;
  /** Largest difference between the engine's LayerNorm and plain JavaScript's. */
  difference: number;
}
