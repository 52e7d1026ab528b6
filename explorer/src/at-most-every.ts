/** Tells of what goes on, but no more often than once in so many milliseconds: each message takes time of the page that it is for. */
export function atMostEvery<A extends unknown[]>(
  milliseconds: number,
  tell: (...about: A) => void,
): (...about: A) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (...about) => {
    const now = performance.now();
    if (now - toldAt < milliseconds) return;
    toldAt = now;
    tell(...about);
  };
}
