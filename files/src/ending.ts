import { EndsEarly, expected } from "./error.js";
import type { Source } from "./source.js";

/** Checks, once, that a source ends where it must. Where its size is known, its header was held against that already. */
export class Ending {
  private checked = false;

  constructor(
    private readonly source: Source,
    private readonly total: number,
  ) {}

  async check(): Promise<void> {
    if (this.checked || this.source.size !== null) return;
    try {
      await this.source.read(new Uint8Array(1), this.total);
    } catch (error) {
      if (!(error instanceof EndsEarly)) throw error;
      if (error.end < this.total)
        throw expected(this.source.name, `${this.total} bytes`, `${error.end}: it ends there`);
      this.checked = true;
      return;
    }
    throw expected(this.source.name, `${this.total} bytes, what its header announces`, "more");
  }
}
