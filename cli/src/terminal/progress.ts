/** One line on standard error while a long study runs: what is being measured, and how much is done. */
import { shortenSite } from "@orthonorm/study";

/** Work that takes less shows nothing. */
const patienceMs = 300;
const refreshMs = 100;

export class Progress {
  private readonly start = performance.now();
  private shownAt = Number.NEGATIVE_INFINITY;
  private visible = false;

  /** @param stream where the line goes. Nothing is shown unless it is a terminal, on which a line can be erased */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly env: Record<string, string | undefined> = process.env,
  ) {}

  update(what: string, share: number): void {
    const now = performance.now();
    if (!this.stream.isTTY || this.env.TERM === "dumb") return;
    if (now - this.start < patienceMs || now - this.shownAt < refreshMs) return;
    this.shownAt = now;
    this.visible = true;
    const filled = Math.round(share * 20);
    const bar = `${"█".repeat(filled)}${"░".repeat(20 - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`;
    const hint = "(Ctrl-C stops)";
    // A terminal of unknown width says 0. One column stays free, for a full line would wrap.
    const room = (this.stream.columns || 80) - 1 - bar.length - hint.length - 4;
    this.stream.write(`\r${bar}  ${shortenSite(what, Math.max(1, room))}  ${hint}\x1b[K`);
  }

  /** Erases the line. */
  clear(): void {
    if (this.visible) this.stream.write("\r\x1b[K");
    this.visible = false;
  }
}
