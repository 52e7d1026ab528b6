/** One line on standard error while a long study runs: what is being measured, and how much of all is done. */
import { shorten } from "@orthonorm/study";

/** Shorter work shows nothing. */
const patienceMs = 300;
const refreshMs = 100;

export class Progress {
  private readonly start = performance.now();
  private shownAt = Number.NEGATIVE_INFINITY;
  private visible = false;

  /** @param stream where the line goes; nothing is shown unless it is a terminal that can take a line back */
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
    // A terminal that does not tell its width says 0; one column stays free, for a full line would break.
    const room = (this.stream.columns || 80) - 1 - bar.length - hint.length - 4;
    this.stream.write(`\r${bar}  ${shorten(what, Math.max(1, room))}  ${hint}\x1b[K`);
  }

  /** Takes the line back. */
  clear(): void {
    if (this.visible) this.stream.write("\r\x1b[K");
    this.visible = false;
  }
}
