/** Milliseconds between two writings of what is read, while it changes with each frame: faster than eyes read numbers. */
const between = 66;

/**
 * What would be done in each frame of a motion, done as often as eyes can follow, and once more after the last: what is at rest is never
 * behind.
 *
 * @returns called with the time of a frame of a motion, or without: then it is done at once
 */
export function seldom(act: () => void): (now?: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const run = (now: number) => {
    clearTimeout(waiting);
    waiting = undefined;
    last = now;
    act();
  };
  return (now) => {
    if (now === undefined || now - last >= between) run(now ?? performance.now());
    else waiting ??= setTimeout(() => run(performance.now()), between);
  };
}
