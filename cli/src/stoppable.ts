/** Ctrl-C, which ends a command that runs long with what it has until then; and what is left of a command that was killed. */
import { printable } from "@orthonorm/files";
import { Progress } from "./terminal/progress.js";

/** Runs work that the first Ctrl-C asks to stop, by the signal, and the second one ends at once. */
export async function stoppable(work: (signal: AbortSignal, progress: Progress) => Promise<void>): Promise<void> {
  const progress = new Progress(process.stderr);
  const stop = new AbortController();
  const onInterrupt = () => {
    progress.clear();
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on("SIGINT", onInterrupt);
  try {
    await work(stop.signal, progress);
  } finally {
    progress.clear();
    process.off("SIGINT", onInterrupt);
  }
}

/** Tells of what an earlier run had written, of which nobody else would know where it went. */
export function tellRemoved(command: string, progress: Progress): (left: string) => void {
  return (left) => {
    progress.clear();
    process.stderr.write(`${command}: removed ${printable(left)}, which a run that was killed had left\n`);
  };
}
