/** How long work goes on without letting anything else through. */
const breathMs = 50;

/** Lets timers and signals through now and then, in work that never waits by itself and would keep out Ctrl-C. */
export function breathing(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < breathMs) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
}
