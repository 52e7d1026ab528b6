/** The shapes of the suite, rows × cols: from one small vector to more than any cache holds. */
export const shapes: readonly { rows: number; cols: number }[] = [
  { rows: 1, cols: 64 },
  { rows: 1, cols: 768 },
  { rows: 1, cols: 4096 },
  { rows: 128, cols: 64 },
  { rows: 128, cols: 768 },
  { rows: 512, cols: 768 },
  { rows: 128, cols: 4096 },
  { rows: 2048, cols: 4096 },
];
