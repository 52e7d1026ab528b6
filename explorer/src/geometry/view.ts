/**
 * Where points of x's space are in the picture. It stands so that the uniform direction points up: the plane orthogonal to it
 * is the floor, what LayerNorm removes is height, and its circle is the equator of RMSNorm's sphere.
 *
 * Apart from the drawing, so that hands, labels and numbers work before the 3-D library has come, and without WebGL.
 */
import type { Vector } from "./model.js";

const [s2, s3, s6] = [Math.sqrt(2), Math.sqrt(3), Math.sqrt(6)];
/** The picture's right, up and front in the coordinates of x: orthonormal, up is 1̂. */
const axes: readonly [Vector, Vector, Vector] = [
  [1 / s2, -1 / s2, 0],
  [1 / s3, 1 / s3, 1 / s3],
  [-1 / s6, -1 / s6, 2 / s6],
];

export const fieldOfView = 26;
/** What the camera looks at, and how far around it all is in sight. */
export const centre: Vector = [0, 0.72, 0];
const reach = 2.85;
const distance = reach / Math.sin((fieldOfView * Math.PI) / 360);

export interface View {
  width: number;
  height: number;
  /** Smaller in a narrow picture, so that its width has all in sight. */
  zoom: number;
  eye: Vector;
  right: Vector;
  up: Vector;
  /** From the centre to the eye. */
  back: Vector;
}

/** @param turned azimuth and elevation in degrees */
export function viewOf(width: number, height: number, turned: readonly [number, number]): View {
  const [azimuth, elevation] = turned.map((degrees) => (degrees * Math.PI) / 180);
  const [sa, ca, se, ce] = [Math.sin(azimuth), Math.cos(azimuth), Math.sin(elevation), Math.cos(elevation)];
  const back: Vector = [sa * ce, se, ca * ce];
  return {
    width,
    height,
    zoom: Math.min(1, (0.92 * width) / height),
    eye: plus(centre, back, distance),
    right: [ca, 0, -sa],
    up: [-sa * se, ce, -ca * se],
    back,
  };
}

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
export function seen(view: View, point: Vector): { left: number; top: number } {
  const from = plus(point, view.eye, -1);
  const scale = pixels(view) / -dot(from, view.back);
  return {
    left: view.width / 2 + dot(from, view.right) * scale,
    top: view.height / 2 - dot(from, view.up) * scale,
  };
}

/** In x's space: the point so many pixels right and down of v, and nearer to the eye by as many. */
export function moved(view: View, v: Vector, right: number, down: number, nearer: number): Vector {
  const point = toPicture(v);
  const pixel = dot(plus(view.eye, point, -1), view.back) / pixels(view);
  const to = plus(plus(plus(point, view.right, right * pixel), view.up, -down * pixel), view.back, nearer * pixel);
  return fromPicture(to);
}

/** How many pixels a length of 1 is at a distance of 1. */
const pixels = ({ height, zoom }: View) => (height / 2 / Math.tan((fieldOfView * Math.PI) / 360)) * zoom;
