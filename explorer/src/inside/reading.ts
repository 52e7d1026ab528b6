/** A text on its way through a model: what enters each norm, and how well each token was foreseen. */
import { type NormKind, type Site, surprise, type Transformer } from "@orthonorm/models";
import { chanceTilt } from "@orthonorm/study";
import { geometry } from "orthonorm";

/** How many tokens go through the model before it is asked whether it shall go on. */
const piece = 16;

/** The norms that are shown: those that read the residual stream, of which a token has one row. */
export const isShown = ({ reads }: Site) => reads === "stream";

/** A norm in the place of those that are shown; the others stay what they are. */
export const shownAs = (norm: NormKind) => (site: Site) => (isShown(site) ? norm : site.kind);

export interface Reading {
  /** What entered each norm that is shown, token after token. */
  states: readonly Float32Array[];
  /** Nats per token; null of a single token. */
  loss: number | null;
}

/**
 * @param goesOn told which share has been read; says whether it shall go on
 * @returns null where it shall not
 */
export async function readTokens(
  model: Transformer,
  ids: readonly number[],
  norm: NormKind,
  goesOn: (share: number) => Promise<boolean>,
): Promise<Reading | null> {
  const { width } = model.settings;
  const states = new Map(model.sites.filter(isShown).map((site) => [site, new Float32Array(ids.length * width)]));
  const run = model.begin({ norm: shownAs(norm) });
  let sum = 0;
  try {
    for (let from = 0; from < ids.length; from += piece) {
      const some = ids.slice(from, from + piece);
      const logits = run.forward(some, {
        logits: "all",
        onNorm: (site, rows) => states.get(site)?.set(rows.data, from * width),
      });
      const foreseen = ids.slice(from + 1, from + 1 + some.length);
      for (const [row, token] of foreseen.entries()) sum += surprise(logits, row, model.vocabulary, token);
      if (!(await goesOn(Math.min(1, (from + piece) / ids.length)))) return null;
    }
  } finally {
    run.dispose();
  }
  return { states: [...states.values()], loss: ids.length > 1 ? sum / (ids.length - 1) : null };
}

/** |90° − θ| over chance, of the tokens at the first norm, at the second, and so on. */
export function ratiosOf(states: readonly Float32Array[], cols: number): Float32Array {
  const chance = chanceTilt(cols);
  return Float32Array.from(
    states.flatMap((rows) => Array.from(geometry(rows, { cols }).angle, (angle) => tilt(angle) / chance)),
  );
}

/** |90° − θ| in degrees, of an angle in radians. */
export const tilt = (angle: number) => Math.abs(90 - (angle * 180) / Math.PI);
