/** The processor's time: two builds can be compared by it on a machine that is doing other things beside. */

/** Seconds that all threads of this process have had. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
