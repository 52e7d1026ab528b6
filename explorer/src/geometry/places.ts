/** Room for names: boxes in the picture that do not lie over each other. In pixels of the page, as all is here. */

export type Place = "on" | "above" | "below" | "left" | "right";
export interface Size {
  width: number;
  height: number;
}
export interface Box extends Size {
  left: number;
  top: number;
}

const around: readonly Place[] = ["above", "right", "left", "below"];
/** From one name to the next, and to the picture's border. */
const gap = 2;

export class Places {
  private readonly taken: Box[] = [];

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {}

  take(box: Box): void {
    this.taken.push(box);
  }

  /**
   * Takes a box beside a point, at the first place that is free: of those that are preferred, then above it, right and left of it, and below.
   *
   * @param by from the point to the box
   * @param preferred where it stood before comes first: a name that jumps to and fro cannot be read
   * @returns undefined where there is no room
   */
  find(
    point: { left: number; top: number },
    { width, height }: Size,
    by: number,
    preferred: readonly (Place | undefined)[],
  ): (Box & { place: Place }) | undefined {
    for (const place of [...preferred, ...around]) {
      if (place === undefined) continue;
      const [right, down] = {
        on: [-width / 2, -height / 2],
        above: [-width / 2, -height - by],
        below: [-width / 2, by],
        left: [-width - by, -height / 2],
        right: [by, -height / 2],
      }[place];
      const box = { left: point.left + right, top: point.top + down, width, height };
      if (!this.free(box)) continue;
      this.take(box);
      return { ...box, place };
    }
    return undefined;
  }

  private free({ left, top, width, height }: Box): boolean {
    const inside = left >= gap && top >= gap && left + width <= this.width - gap && top + height <= this.height - gap;
    return (
      inside &&
      this.taken.every(
        (other) =>
          left >= other.left + other.width + gap ||
          other.left >= left + width + gap ||
          top >= other.top + other.height + gap ||
          other.top >= top + height + gap,
      )
    );
  }
}
