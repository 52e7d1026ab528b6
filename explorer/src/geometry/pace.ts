/**
 * How fine the picture is: at rest as fine as eyes can see, and while it moves as fine as this machine can draw 60 times a second.
 *
 * Time is that of animation frames alone, and a frame counts only where the one before it drew: a hand that moves slowly makes
 * no machine slow.
 */

/** Milliseconds; so are the others. Without a drawing for so long the picture is at rest. */
const rest = 150;
/** A frame of 50 a second is a screen's own pace. */
const late = 20.1;
/** One frame in so many that is skipped is anybody's, and left out; two are the picture's. */
const counted = 10;
const skipped = 1 + 0.8 / counted;
/** So many of which each is late are enough. */
const plainly = 4;
/** Pixels of the picture a pixel of the page: coarser than this is not seen as the same picture. */
const coarsest = 0.7;

export class Pace {
  /** Pixels of the picture a pixel of the page, in the frame that is drawn next. */
  ratio: number;
  /** Finest first. */
  private readonly levels: readonly number[];
  /** Which of them motion has been found to leave time for. */
  private level = 0;
  /** The frame that drew last, until it is known how long it took. */
  private drawn: number | undefined;
  private lengths: number[] = [];
  private until = Number.NEGATIVE_INFINITY;

  /**
   * @param finest at rest
   * @param screen pixels of the screen a pixel of the page: a picture that has as many is copied, where a browser without a graphics
   *   card would have to scale each of the others on the processor
   */
  constructor(
    private readonly finest: number,
    screen: number,
  ) {
    this.ratio = finest;
    this.levels = [finest, ...[screen, 1, coarsest].filter((one, i, all) => one < finest && all.indexOf(one) === i)];
  }

  /** A frame begins. @returns whether it may belong to a motion: else the picture is at rest, and `ratio` the finest */
  begins(now: number): boolean {
    if (this.drawn !== undefined && now > this.drawn) {
      this.took(now - this.drawn);
      this.drawn = undefined;
    }
    const moves = now < this.until;
    if (!moves) this.ratio = this.finest;
    return moves;
  }

  /** The frame that has begun draws. The first of a motion may be all there is of it, and is as fine as the picture at rest. */
  draws(now: number): void {
    if (now < this.until) this.ratio = this.levels[this.level];
    this.drawn = now;
    this.until = now + rest;
  }

  private took(time: number): void {
    this.lengths.push(time);
    const plain = this.lengths.length === plainly && this.lengths.every((length) => length > late);
    if (this.lengths.length < counted && !plain) return;
    const sorted = this.lengths.sort((a, b) => a - b);
    const usual = sorted[sorted.length >> 1];
    const mean = sorted.slice(0, -1).reduce((sum, length) => sum + length, 0) / (sorted.length - 1);
    this.lengths = [];
    if (usual <= late && mean <= skipped * usual) return;
    this.level = Math.min(this.level + 1, this.levels.length - 1);
  }
}
