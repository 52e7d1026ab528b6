/**
 * Where points of x's space are in the picture. It stands so that the uniform direction points up: the plane orthogonal to it
 * is the floor, what LayerNorm removes is height, and its circle is the equator of RMSNorm's sphere.
 *
 * Hands, labels and the drawing all ask here.
 */
import type { Vector } from "./model.js";

const [s2, s3, s6] = [Math.sqrt(2), Math.sqrt(3), Math.sqrt(6)];
/** The picture's right, up and front in the coordinates of x: orthonormal, up is 1̂. */
const axes: readonly [Vector, Vector, Vector] = [
  [1 / s2, -1 / s2, 0],
  [1 / s3, 1 / s3, 1 / s3],
  [-1 / s6, -1 / s6, 2 / s6],
];

/** What the camera looks at, and how far above and below it all is in sight. */
export const centre: Vector = [0, 0.72, 0];
const reach = 2.9;
/** Pixels of the page between the middle of the ball and the picture's border. */
const border = 24;
/** So far away that all rays to it are parallel. */
const far = 1e4;

/**
 * Rays are parallel, as those of the light are: what is parallel in x's space is so in the picture, and lengths in one direction
 * can be compared.
 */
export interface View {
  width: number;
  height: number;
  /** Pixels of the page that a length of 1 has. */
  scale: number;
  /** How many times as much is in sight as usual: 1, but where x is long. */
  wide: number;
  eye: Vector;
  right: Vector;
  up: Vector;
  /** From the centre to the eye. */
  back: Vector;
}

/**
 * @param turned azimuth and elevation in degrees
 * @param ball where x is in the picture's space: in sight, however long it is
 * @param most pixels that a length of 1 has at most
 */
export function viewOf(
  width: number,
  height: number,
  turned: readonly [number, number],
  ball: Vector,
  most = Number.POSITIVE_INFINITY,
): View {
  const [azimuth, elevation] = turned.map((degrees) => (degrees * Math.PI) / 180);
  const [sa, ca, se, ce] = [Math.sin(azimuth), Math.cos(azimuth), Math.sin(elevation), Math.cos(elevation)];
  const [right, up, back]: [Vector, Vector, Vector] = [
    [ca, 0, -sa],
    [-sa * se, ce, -ca * se],
    [sa * ce, se, ca * ce],
  ];
  const usual = Math.min(height, 0.92 * width) / 2 / reach;
  // and with it the tips of its two parts, on the axis and on the plane
  const tips: Vector[] = [ball, [0, ball[1], 0], [ball[0], 0, ball[2]]];
  const fits = (side: number, along: Vector) =>
    Math.max(1, side / 2 - border) / Math.max(...tips.map((tip) => Math.abs(dot(plus(tip, centre, -1), along))));
  const scale = Math.min(usual, most, fits(width, right), fits(height, up));
  return { width, height, scale, wide: usual / scale, eye: plus(centre, back, far), right, up, back };
}

/** Where the line along the uniform direction ends above. */
export const axisTop = ({ wide }: View): Vector => [0, centre[1] + 2.48 * wide, 0];

export const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const plus = (a: Vector, b: Vector, times = 1): Vector => [
  a[0] + times * b[0],
  a[1] + times * b[1],
  a[2] + times * b[2],
];

/** From x's space to the picture's, and back: a rotation. */
export const toPicture = (v: Vector): Vector => [dot(axes[0], v), dot(axes[1], v), dot(axes[2], v)];
export const fromPicture = (p: Vector): Vector =>
  plus(plus([p[0] * axes[0][0], p[0] * axes[0][1], p[0] * axes[0][2]], axes[1], p[1]), axes[2], p[2]);

/** Of a point of the picture's space: CSS pixels from the top left. */
export function seen({ width, height, scale, right, up }: View, point: Vector): { left: number; top: number } {
  const from = plus(point, centre, -1);
  return { left: width / 2 + dot(from, right) * scale, top: height / 2 - dot(from, up) * scale };
}

/** In x's space: the point so many pixels right and down of v, and nearer to the eye by as many. */
export function moved(view: View, v: Vector, right: number, down: number, nearer: number): Vector {
  const pixel = 1 / view.scale;
  const across = plus(plus(toPicture(v), view.right, right * pixel), view.up, -down * pixel);
  return fromPicture(plus(across, view.back, nearer * pixel));
}
