/**
 * How fine the picture is: at rest as fine as eyes can see, and while it moves as fine as this machine can draw 60 times a second.
 *
 * Time is that of animation frames alone, and a frame counts only where the one before it drew: a hand that moves slowly makes
 * no machine slow.
 */

/** Milliseconds; so are the others. */
const wanted = 1000 / 60;
/** Without a drawing for so long the picture is at rest. */
const rest = 150;
/** A frame of 50 a second is a screen's own pace. */
const late = 20.1;
/** One frame in so many that is skipped is anybody's, and left out; two are the picture's. */
const counted = 10;
const skipped = 1 + 0.8 / counted;
/** Pixels of the picture a pixel of the page: coarser than this is not seen as the same picture. */
const coarsest = 0.7;

export class Pace {
  /** Pixels of the picture a pixel of the page, in the frame that is drawn next. */
  ratio: number;
  /** What motion has been found to leave time for. */
  private moving: number;
  /** The frame that drew last, until it is known how long it took. */
  private drawn: number | undefined;
  private lengths: number[] = [];
  private until = Number.NEGATIVE_INFINITY;

  constructor(private readonly finest: number) {
    this.ratio = finest;
    this.moving = finest;
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
    if (now < this.until) this.ratio = this.moving;
    this.drawn = now;
    this.until = now + rest;
  }

  private took(time: number): void {
    this.lengths.push(time);
    if (this.lengths.length < counted) return;
    const usual = this.lengths.sort((a, b) => a - b)[counted >> 1];
    const mean = this.lengths.slice(0, -1).reduce((sum, length) => sum + length, 0) / (counted - 1);
    this.lengths = [];
    if (usual <= late && mean <= skipped * usual) return;
    // time goes with the number of pixels, the ratio's square; what else there is in a frame must not make it jump
    this.moving = Math.max(coarsest, this.moving * Math.max(0.6, Math.sqrt(wanted / Math.max(usual, mean))));
  }
}
