/** The spread of one quantity over the rows of a site. All arithmetic is in f64. */
export interface Summary {
  mean: number;
  median: number;
  q1: number;
  q3: number;
  /** Of the population (÷ n, as numpy's `std`): it describes these rows, and is 0 for one row rather than undefined. */
  sd: number;
  min: number;
  max: number;
}

/** Mean, quartiles, deviation and range of at least one value; the order of `values` is left alone. */
export function summarize(values: Float64Array): Summary {
  const sorted = values.slice().sort();
  const mean = average(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return {
    mean,
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    sd: Math.sqrt(squares / values.length),
    min: sorted[0],
    max: sorted[sorted.length - 1],
  };
}

export function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** The value below which `fraction` of the sorted values lie, interpolated linearly between neighbours (numpy's default). */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  const place = (sorted.length - 1) * fraction;
  const below = Math.floor(place);
  const above = Math.ceil(place);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** The middle of unsorted values. */
export function median(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
