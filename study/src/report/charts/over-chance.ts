/**
 * The colours of |90° − θ| over chance. They diverge from chance: towards the uniform vector's on one side and towards the orthogonal
 * one on the other, in steps of a factor of two, so that a cell can be read off the legend. The two hues differ for colour-blind
 * readers, and the paint gets stronger outwards on light and dark paper alike.
 */

/** Where the classes of the ratio end. The middle one is within √2 of chance. */
export const ends = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].map((power) => 2 ** power);

/** A paint per class. */
export const paints = [
  { fill: "var(--orthogonal)", opacity: 1 },
  { fill: "var(--orthogonal)", opacity: 0.6 },
  { fill: "var(--orthogonal)", opacity: 0.25 },
  { fill: "var(--rule)", opacity: 0.35 },
  { fill: "var(--uniform)", opacity: 0.25 },
  { fill: "var(--uniform)", opacity: 0.6 },
  { fill: "var(--uniform)", opacity: 1 },
];

export const classOf = (ratio: number) => ends.filter((end) => ratio >= end).length;
