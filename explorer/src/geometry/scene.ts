/** The picture's drawing. It is drawn when something has changed and it is in sight, and never otherwise. */
import { drawAlso } from "./also-drawing.js";
import { coloursOf, type Pen, type Shade, shadeFor } from "./colours.js";
import type { Frame } from "./frame.js";
import { layerNormAt, radius, rmsNormAt, type Vector } from "./model.js";
import { before, hair, Painter } from "./painter.js";
import { arc, around, outline, ring, warp } from "./paths.js";
import { axisTop, toPicture, type View } from "./view.js";

/**
 * Pixels of the page between the border of the picture and that of the canvas, whose corners are then within the rounded ones. To cut
 * them off would cost a browser without a graphics card half of each frame.
 */
const inset = 5;

const floor = 2.9;

export class Picture {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private shade: Shade;
  /** What the canvas has been made for: width, height, and pixels a pixel of the page. */
  private place = "";
  private latest: [Frame, View] | undefined;
  /** The animation frame that has been asked for, for `latest` to be drawn; 0 when nothing is to be drawn. */
  private asked = 0;
  private inSight = false;
  /** Whether `latest` has not been drawn. */
  private due = true;

  constructor(private readonly host: HTMLElement) {
    this.canvas.setAttribute("aria-hidden", "true");
    // Opaque: what is behind need not show. Painted by the processor: a few hundred short strokes are nothing to it, where one that
    // emulates a graphics card takes three times as long.
    const options = { alpha: false, willReadFrequently: true };
    this.context = this.canvas.getContext("2d", options) as CanvasRenderingContext2D;
    // a graphics card that was lost and is back has an empty canvas, and nothing else would ask for a picture
    this.canvas.addEventListener("contextrestored", () => this.ask());
    host.prepend(this.canvas);
    const sight = (entries: IntersectionObserverEntry[]) => {
      this.inSight = entries[entries.length - 1].isIntersecting;
      if (this.due) this.draw();
    };
    new IntersectionObserver(sight, { rootMargin: "200px" }).observe(host);
    this.shade = coloursOf(host);
  }

  /** Takes the colours that the page has now. */
  paint(): void {
    this.shade = coloursOf(this.host);
    this.ask();
  }

  /** @param inFrame whether it is called in an animation frame: it is drawn with it, else with the next */
  show(frame: Frame, view: View, inFrame: boolean): void {
    this.latest = [frame, view];
    // A canvas is black after its size has changed: at once then, in sight or not, for a page is also printed.
    if (this.resize(view)) this.draw(this.canvas.hasAttribute("data-drawn"));
    else if (inFrame) this.draw();
    else this.ask();
  }

  private ask(): void {
    if (this.asked === 0) this.asked = requestAnimationFrame(() => this.draw());
  }

  /** @returns whether the canvas had another size */
  private resize({ width, height }: View): boolean {
    const place = `${width} ${height} ${devicePixelRatio}`;
    if (place === this.place) return false;
    this.place = place;
    const { canvas } = this;
    for (const [side, long] of [["width", width] as const, ["height", height] as const]) {
      canvas[side] = Math.max(1, Math.round((long - 2 * inset) * devicePixelRatio));
      // pixel for pixel: to scale it would cost each frame, and its sharpness
      canvas.style[side] = `${canvas[side] / devicePixelRatio}px`;
    }
    return true;
  }

  /** @param unseen whether it is drawn out of sight too */
  private draw(unseen = false): void {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    this.due = !this.inSight && !unseen;
    if (this.due || this.latest === undefined) return;
    this.canvas.toggleAttribute("data-drawn", true);
    const [frame, view] = this.latest;
    const { context, shade } = this;
    context.setTransform(
      devicePixelRatio,
      0,
      0,
      devicePixelRatio,
      -inset * devicePixelRatio,
      -inset * devicePixelRatio,
    );
    context.fillStyle = shade("raised");
    context.fillRect(0, 0, view.width, view.height);
    const painter = new Painter(context, view);
    const pen: Pen = (part) => shadeFor(shade, part, frame.lit);
    drawSteps(frame, view, painter, pen);
    drawAlso(frame, view, painter, pen);
    if (frame.showRms || frame.lit === "sphere") drawSphere(frame, view, painter, pen("sphere"));
    painter.paint();
  }
}

const circle = (of: number) => ring(96, (a, b) => [a * of, 0, b * of]);

/** The plane, x and what LayerNorm makes of it. */
function drawSteps({ model, step, showRms, also }: Frame, view: View, painter: Painter, pen: Pen): void {
  const x = toPicture(model.x);
  const shadow = toPicture(model.layerNorm.shadow);
  const onWay = step > 0;
  const rim = circle(floor);
  painter.ground(rim, pen("plane")("orthogonal", 0.1));
  painter.line(rim, hair, pen("plane")("orthogonal", 0.45));
  painter.dashes([0, -0.9, 0], axisTop(view), 0.09, 0.011, pen("uniform")("uniform"));
  painter.dashes(x, shadow, 0.09, 0.011, pen("mean")("uniform"));
  painter.line(arc(x, 20), 0.011, pen("angle")("muted"));
  const warped = circle(radius).map(warp(model.weight, model.bias, Math.max(0, step - 3)));
  painter.line(warped, 0.026, pen("circle")("layernorm"));
  if (step > 1 && step < 3) {
    const one = circle(1);
    for (let i = 0; i + 1 < one.length; i += 2) painter.line(one.slice(i, i + 2), 0.01, pen("shadow")("orthogonal"));
  }
  painter.arrow(x, 0.032, pen("x")("ink", onWay ? 0.45 : 1));
  painter.arrow(toPicture(model.layerNorm.meanVector), 0.032, pen("mean")("uniform", onWay ? 0.7 : 1));
  painter.arrow(shadow, 0.026, pen("shadow")("orthogonal", step >= 1 ? 0.55 : 1));
  if (also !== "nothing") return;
  // LayerNorm's lies on the shadow, RMSNorm's on x
  if (showRms && step > 1) painter.arrow(toPicture(rmsNormAt(model, step)), 0.036, pen("sphere")("rmsnorm"), before);
  if (onWay) painter.arrow(toPicture(layerNormAt(model, step)), 0.036, pen("circle")("layernorm"), before);
}

/** RMSNorm's: as it is seen, with meridians through the poles, one of them through where RMSNorm takes x. */
function drawSphere({ model, step }: Frame, view: View, painter: Painter, shade: Shade): void {
  const share = Math.max(0, step - 3);
  const oval = outline(view, model.weight, share);
  const veil = (alpha: number) => shade("rmsnorm", 1, alpha);
  painter.shade(oval, [
    [0.72, veil(0)],
    [0.91, veil(0.12)],
    [1, veil(0.3)],
  ]);
  painter.line(around(oval), hair, shade("rmsnorm", 0.8));
  const stretch = warp(model.weight, [0, 0, 0], share);
  const [p, , q] = toPicture(model.rmsNorm.standardized);
  const turn = Math.hypot(p, q) < 1e-6 ? 0 : Math.atan2(q, p);
  for (const [angle, strong] of [
    [turn, 0.7],
    [turn + Math.PI / 2, 0.35],
  ]) {
    const [ca, sa] = [Math.cos(angle), Math.sin(angle)];
    const meridian = ring(72, (a, b): Vector => [a * radius * ca, b * radius, a * radius * sa]).map(stretch);
    painter.line(meridian, hair, shade("rmsnorm", strong));
  }
}
