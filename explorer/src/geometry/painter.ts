/**
 * Paints lines, arrows and veils on a 2-D canvas, the farthest first. Rays are parallel and nothing has a surface that could be entered, so
 * that this is all there is to depth: a line is cut into short pieces, and each is painted in its turn, by how far away its middle is.
 */
import { mixed, type Vector } from "./model.js";
import { length, type Oval, origin, unit } from "./paths.js";
import { dot, plus, seen, type View } from "./view.js";

/** What is painted at once. */
interface Piece {
  /** What its place in the order is decided by, and how much nearer it counts as. */
  middle: Vector;
  nearer: number;
  /** A line, which may be painted with others of its kind. */
  stroke?: { points: Vector[]; width: number; colour: string };
  fill?: () => void;
}

/** Longest piece of a line, where as much is in sight as usual. */
const longest = 0.5;
/** How wide a line is that has one pixel of the page: where that is one of the screen, it is painted in a fifth of the time of one and a half. */
export const hair = 0;
/** Pixels of the page. */
const overlap = 0.75;
/** By so much what the norms give counts as nearer than the lines that it lies on: as far as the middles of two pieces may be apart. */
export const before = 0.5;
/** Farther than anything is. */
const behind = 1e3;

export class Painter {
  private readonly pieces: Piece[] = [];
  /** Towards the eye from the veil: what is behind it is painted first, and is seen through it. */
  private veiled: Vector | undefined;

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly view: View,
  ) {}

  /** A line so wide on either side of its points. However much is in sight, it is drawn no thinner. */
  line(points: readonly Vector[], wide: number, colour: string, nearer = 0): void {
    const { scale, wide: more } = this.view;
    const width = wide === hair ? 1 : 2 * wide * more * scale;
    let piece = [points[0]];
    let long = 0;
    const end = () => {
      const middle = mixed(piece[0], piece[piece.length - 1], 0.5);
      this.pieces.push({ middle, nearer, stroke: { points: piece, width, colour } });
      // the next one begins a little before: a seam would be seen, and more of an overlap too, at smooth edges
      const [last, previous] = [piece[piece.length - 1], piece[piece.length - 2]];
      piece = [plus(last, unit(plus(previous, last, -1)), overlap / scale)];
      long = 0;
    };
    for (let i = 0; i + 1 < points.length; i++) {
      const way = length(plus(points[i + 1], points[i], -1));
      const cuts = Math.max(1, Math.ceil(way / (longest * more)));
      for (let j = 1; j <= cuts; j++) {
        piece.push(mixed(points[i], points[i + 1], j / cuts));
        long += way / cuts;
        // one more as long as this would be too long
        if (long + way / cuts > longest * more) end();
      }
    }
    if (piece.length > 1) end();
  }

  dashes(a: Vector, b: Vector, dash: number, wide: number, colour: string): void {
    const pieces = Math.max(1, Math.round(length(plus(b, a, -1)) / (dash * this.view.wide)) | 1);
    for (let i = 0; i < pieces; i += 2)
      this.line([mixed(a, b, i / pieces), mixed(a, b, (i + 1) / pieces)], wide, colour);
  }

  /** With a cone for a head. */
  arrow(tip: Vector, wide: number, colour: string, nearer = 0, from = origin): void {
    const { view, context } = this;
    const way = plus(tip, from, -1);
    const long = length(way);
    if (long < 1e-3) return;
    const head = Math.min(wide * view.wide * 7.5, long);
    const along = unit(way);
    const neck = plus(tip, along, -head);
    this.line([from, plus(neck, along, head * 0.1)], wide, colour, nearer);
    const fill = () => {
      const [base, top] = [seen(view, neck), seen(view, tip)];
      const [right, down] = [top.left - base.left, top.top - base.top];
      // The cone's base is seen as an oval, short along the arrow; from the tip two lines touch it.
      const radius = head * view.scale * 0.38;
      const short = radius * Math.abs(dot(along, view.back));
      const touch = Math.acos(Math.min(1, short / Math.max(1e-9, Math.hypot(right, down))));
      context.beginPath();
      if (touch > 0) context.moveTo(top.left, top.top);
      context.ellipse(base.left, base.top, short, radius, Math.atan2(down, right), touch, 2 * Math.PI - touch);
      context.fillStyle = colour;
      context.fill();
    };
    this.pieces.push({ middle: mixed(neck, tip, 0.5), nearer, fill });
  }

  /** Behind all else, whatever its depth. */
  ground(points: readonly Vector[], colour: string): void {
    this.pieces.push({ middle: origin, nearer: Number.NEGATIVE_INFINITY, fill: () => this.area(points, colour) });
  }

  /** A part of a plane through the origin, of which there is one: what is behind it is seen through it. */
  veil(points: readonly Vector[], colour: string, normal: Vector): void {
    this.veiled = dot(normal, this.view.back) < 0 ? plus(origin, normal, -1) : normal;
    this.pieces.push({ middle: origin, nearer: -behind, fill: () => this.area(points, colour) });
  }

  /** The shade of a round body within its outline: stops from its middle, 0, to the outline, 1. */
  shade({ middle, side, over }: Oval, stops: readonly (readonly [number, string])[]): void {
    const { context, view } = this;
    const fill = () => {
      const [at, p, q] = [middle, plus(middle, side), plus(middle, over)].map((point) => seen(view, point));
      const colours = context.createRadialGradient(0, 0, 0, 0, 0, 1);
      for (const [stop, colour] of stops) colours.addColorStop(stop, colour);
      context.save();
      context.transform(p.left - at.left, p.top - at.top, q.left - at.left, q.top - at.top, at.left, at.top);
      context.beginPath();
      context.arc(0, 0, 1, 0, 2 * Math.PI);
      context.fillStyle = colours;
      context.fill();
      context.restore();
    };
    this.pieces.push({ middle, nearer: 0, fill });
  }

  /** All that it has been told. */
  paint(): void {
    const { context, view } = this;
    const placed = this.pieces.map((piece) => ({ piece, depth: this.depth(piece) }));
    placed.sort((a, b) => a.depth - b.depth);
    context.lineJoin = "bevel";
    let open: Piece["stroke"];
    const close = () => {
      if (open !== undefined) context.stroke();
      open = undefined;
    };
    for (const { stroke, fill } of placed.map(({ piece }) => piece)) {
      if (stroke === undefined || stroke.colour !== open?.colour || stroke.width !== open.width) close();
      fill?.();
      if (stroke === undefined) continue;
      if (open === undefined) {
        open = stroke;
        context.beginPath();
        context.strokeStyle = stroke.colour;
        context.lineWidth = stroke.width;
      }
      stroke.points.forEach((point, i) => {
        const { left, top } = seen(view, point);
        if (i === 0) context.moveTo(left, top);
        else context.lineTo(left, top);
      });
    }
    close();
  }

  private depth({ middle, nearer }: Piece): number {
    const veiled = this.veiled !== undefined && dot(middle, this.veiled) < -1e-3;
    return dot(middle, this.view.back) + nearer - (veiled ? 2 * behind : 0);
  }

  private area(points: readonly Vector[], colour: string): void {
    const { context, view } = this;
    context.beginPath();
    for (const { left, top } of points.map((point) => seen(view, point))) context.lineTo(left, top);
    context.fillStyle = colour;
    context.fill();
  }
}
