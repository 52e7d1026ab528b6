/**
 * Lines, arrows and shaded bands as triangles in one mesh, made anew for each frame. WebGL's own lines are a pixel wide; a solid
 * rod costs 16 triangles a piece where a ribbon that faces the eye costs 2.
 */
import {
  BufferAttribute,
  BufferGeometry,
  type Color,
  DoubleSide,
  DynamicDrawUsage,
  GLSL3,
  Mesh,
  RawShaderMaterial,
} from "three";
import type { Vector } from "./model.js";
import { cross, length, origin, unit } from "./paths.js";
import { plus } from "./view.js";

/** A corner's colour and nothing else: the library's own materials turn each pixel's from one colour space to another. */
const vertexShader = `
in vec3 position;
in vec4 color;
out vec4 shade;
uniform mat4 modelViewMatrix, projectionMatrix;
void main() {
  shade = color;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;
const fragmentShader = `
precision mediump float;
in vec4 shade;
out vec4 pixel;
void main() { pixel = shade; }`;

export class Solids {
  readonly mesh: Mesh;
  private readonly positions: Float32Array;
  private readonly colours: Float32Array;
  private readonly geometry = new BufferGeometry();
  private count = 0;
  /** How many times as wide as they are told to be lines and arrows are. */
  private thick = 1;

  /**
   * @param most triangles
   * @param kind what is behind "veils" is seen through them; a "ground" lies behind all else, whatever its depth; a
   *   "front" before what it coincides with
   */
  constructor(
    private readonly most: number,
    kind: "ground" | "solid" | "front" | "veils",
  ) {
    this.positions = new Float32Array(9 * most);
    this.colours = new Float32Array(12 * most);
    this.geometry.setAttribute("position", new BufferAttribute(this.positions, 3).setUsage(DynamicDrawUsage));
    this.geometry.setAttribute("color", new BufferAttribute(this.colours, 4).setUsage(DynamicDrawUsage));
    const material = new RawShaderMaterial({
      glslVersion: GLSL3,
      vertexShader,
      fragmentShader,
      side: DoubleSide,
      transparent: kind === "veils",
      depthWrite: kind === "solid" || kind === "front",
      polygonOffset: kind === "front",
      polygonOffsetFactor: -1,
      polygonOffsetUnits: -200,
      depthTest: kind !== "ground",
    });
    this.mesh = new Mesh(this.geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = ["ground", "solid", "front", "veils"].indexOf(kind);
  }

  begin(thick = 1): void {
    this.count = 0;
    this.thick = thick;
  }

  end(): void {
    this.geometry.setDrawRange(0, this.count * 3);
    for (const name of ["position", "color"] as const) {
      const attribute = this.geometry.attributes[name] as BufferAttribute;
      // to the graphics card goes what this frame has, not all that there is room for
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, this.count * 3 * attribute.itemSize);
      attribute.needsUpdate = true;
    }
  }

  /** A corner's colour, and how much it hides. */
  triangle(
    a: Vector,
    b: Vector,
    c: Vector,
    colour: Color,
    alphas: readonly [number, number, number] = [1, 1, 1],
  ): void {
    if (this.count === this.most) return;
    this.corner(3 * this.count, a, colour, alphas[0]);
    this.corner(3 * this.count + 1, b, colour, alphas[1]);
    this.corner(3 * this.count + 2, c, colour, alphas[2]);
    this.count++;
  }

  /** Thousands a frame: nothing here is made to be thrown away. */
  private corner(at: number, [x, y, z]: Vector, { r, g, b }: Color, alpha: number): void {
    const { positions, colours } = this;
    positions[3 * at] = x;
    positions[3 * at + 1] = y;
    positions[3 * at + 2] = z;
    colours[4 * at] = r;
    colours[4 * at + 1] = g;
    colours[4 * at + 2] = b;
    colours[4 * at + 3] = alpha;
  }

  /** Between two lines of as many points. */
  band(one: readonly Vector[], other: readonly Vector[], colour: Color, alpha: readonly [number, number]): void {
    const [p, q] = alpha;
    for (let i = 0; i + 1 < one.length; i++) {
      this.triangle(one[i], other[i], one[i + 1], colour, [p, q, p]);
      this.triangle(one[i + 1], other[i], other[i + 1], colour, [p, q, q]);
    }
  }

  /** A line so wide on either side of its points, facing the eye. */
  line(points: readonly Vector[], wide: number, colour: Color, eye: Vector, alpha = 1): void {
    const sides = points.map((point, i) => {
      const along = plus(points[Math.min(i + 1, points.length - 1)], points[Math.max(0, i - 1)], -1);
      return unit(cross(along, plus(eye, point, -1)));
    });
    const edge = (by: number) => points.map((point, i) => plus(point, sides[i], by));
    this.band(edge(wide * this.thick), edge(-wide * this.thick), colour, [alpha, alpha]);
  }

  dashes(a: Vector, b: Vector, dash: number, wide: number, colour: Color, eye: Vector): void {
    const way = plus(b, a, -1);
    const pieces = Math.max(1, Math.round(length(way) / (dash * this.thick)) | 1);
    for (let i = 0; i < pieces; i += 2) {
      this.line([plus(a, way, i / pieces), plus(a, way, (i + 1) / pieces)], wide, colour, eye);
    }
  }

  /** With a cone for a head. */
  arrow(tip: Vector, wide: number, colour: Color, eye: Vector, from = origin): void {
    const way = plus(tip, from, -1);
    const long = length(way);
    if (long < 1e-3) return;
    const head = Math.min(wide * this.thick * 7.5, long);
    const along = unit(way);
    const neck = plus(tip, along, -head);
    this.line([from, plus(neck, along, head * 0.1)], wide, colour, eye);
    const side = unit(cross(along, Math.abs(along[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0]));
    const over = cross(along, side);
    const sides = 14;
    const base = Array.from({ length: sides + 1 }, (_, i) => {
      const angle = (2 * Math.PI * i) / sides;
      return plus(plus(neck, side, Math.cos(angle) * head * 0.38), over, Math.sin(angle) * head * 0.38);
    });
    for (let i = 0; i < sides; i++) {
      this.triangle(tip, base[i], base[i + 1], colour);
      this.triangle(neck, base[i], base[i + 1], colour);
    }
  }
}
