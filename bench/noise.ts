/**
 * When a time is too noisy to be believed.
 *
 * Two things tell. The quartiles of a contestant's samples lie far apart: its own time is uncertain. The control, a copy that
 * always does the same work, became faster or slower from the first third of the rounds to the last: the machine was not the
 * same all along, and the whole table is in doubt.
 *
 * The limits come from entering the engine, the plain loop and the copy twice each in one run, 216 pairs in all, at 1×64, 128×768
 * and 128×4096, with zero, one, two and four busy processes beside the bench on two processors. Where both limits were kept,
 * half of the equal pairs came out within 3 % of each other and three of four within 10 %. Where either was
 * exceeded, half were 17 % apart or more, and one of four 63 % or more: such a ratio says nothing.
 */
import { median } from "./measure.js";

/** The quartiles' distance over the median; and the factor by which the control may change. */
export const limits = { spread: 0.5, drift: 1.25 };

/** What a table, or a figure below the tables, says about its own noise. */
export interface Noise {
  /** The contestants whose spread exceeds the limit. */
  noisy: string[];
  /** The control's time in the last third of the rounds over that in the first; null where there was no control. */
  drift: number | null;
}

interface Quartiles {
  nanoseconds: number;
  lowerQuartile: number;
  upperQuartile: number;
}

/** The distance of the quartiles over the median. */
export const spread = ({ nanoseconds, lowerQuartile, upperQuartile }: Quartiles) =>
  (upperQuartile - lowerQuartile) / nanoseconds;

export const isNoisy = (row: Quartiles) => spread(row) > limits.spread;

/** The median of the last third of the samples over that of the first. */
export function drift(samples: Float64Array): number {
  const third = Math.ceil(samples.length / 3);
  return median(samples.subarray(-third)) / median(samples.subarray(0, third));
}

/** What stands before such a line. */
export const mark = (noisy: boolean) => (noisy ? "~" : " ");

/** Has the machine changed under the bench? */
export const isDrifting = ({ drift }: Pick<Noise, "drift">) =>
  drift !== null && (drift > limits.drift || drift < 1 / limits.drift);

export function noiseOf(rows: readonly ({ name: string } & Quartiles)[], drift: number | undefined): Noise {
  return {
    noisy: rows.filter(isNoisy).map(({ name }) => name),
    drift: drift === undefined ? null : Number(drift.toPrecision(4)),
  };
}

/** One plain sentence about a whole run, or nothing if all of it can be believed. */
export function warning(noises: readonly Noise[]): string | undefined {
  const drifting = noises.filter(isDrifting).length;
  const noisy = noises.reduce((sum, { noisy }) => sum + noisy.length, 0);
  if (drifting === 0 && noisy === 0) return undefined;
  const said = [
    noisy > 0 && `the quartiles of ${count(noisy, "time")} lie more than ${limits.spread * 100} % of the median apart`,
    drifting > 0 && `the control's speed changed by more than a quarter in ${count(drifting, "measurement")}`,
  ].filter((one) => one !== false);
  return `Lines marked ~ are too noisy to be believed: ${said.join(", and ")}. Close what else is running and run it again.`;
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
