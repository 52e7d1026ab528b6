/** The picture's drawing. It is drawn when something has changed, and never otherwise. */
import { Color, ColorManagement, OrthographicCamera, Scene, WebGLRenderer } from "three";
import { drawAlso } from "./also-drawing.js";
import type { Frame } from "./frame.js";
import { layerNormAt, radius, rmsNormAt, type Vector } from "./model.js";
import { Pace } from "./pace.js";
import { arc, origin, outlines, ring, warp } from "./paths.js";
import { Solids } from "./solids.js";
import { axisTop, centre, plus, toPicture, type View } from "./view.js";

// colours are drawn as the page has them, and mixed as its style sheet mixes them
ColorManagement.enabled = false;

/**
 * Pixels of the page between the border of the picture and that of the canvas, whose corners are then within the rounded ones. To cut
 * them off would cost a browser without a graphics card half of each frame.
 */
const inset = 5;

const floor = 2.9;
const names = ["raised", "ink", "muted", "uniform", "orthogonal", "layernorm", "rmsnorm"] as const;

export class Picture {
  private readonly renderer: WebGLRenderer;
  private readonly graph = new Scene();
  private readonly camera = new OrthographicCamera();
  private readonly ground = new Solids(100, "ground");
  private readonly veils = new Solids(360, "veils");
  private readonly lines = new Solids(2200, "solid");
  /** What the norms give: LayerNorm's lies on the shadow, RMSNorm's on x. */
  private readonly results = new Solids(120, "front");
  private colours: Record<(typeof names)[number], Color>;
  private pace = new Pace(1, 1);
  /** What `pace` was made for, and what the canvas has: width, height, and pixels a pixel of the page. */
  private place = "";
  private size = "";
  private latest: [Frame, View] | undefined;
  /** Whether `latest` has not been drawn. */
  private due = false;
  private asked = 0;

  /** @throws where there is no WebGL */
  constructor(private readonly host: HTMLElement) {
    // Smoothed by drawing finer than the screen is, which can be left out while it moves. Opaque: what is behind need not show.
    this.renderer = new WebGLRenderer({ antialias: false, alpha: false });
    this.renderer.domElement.setAttribute("aria-hidden", "true");
    // the library gets its things back, and waits for a picture that nothing else would ask for
    this.renderer.domElement.addEventListener("webglcontextrestored", () => {
      this.due = true;
      this.ask();
    });
    host.prepend(this.renderer.domElement);
    this.graph.add(this.ground.mesh, this.veils.mesh, this.lines.mesh, this.results.mesh);
    this.colours = this.read();
    this.graph.background = this.colours.raised;
  }

  /** Takes the colours that the page has now. */
  paint(): void {
    this.colours = this.read();
    this.graph.background = this.colours.raised;
    this.due = true;
    this.ask();
  }

  /** @param now the time of the frame that is being made, where it is called in one: it is drawn with it, else with the next */
  show(frame: Frame, view: View, now?: number): void {
    this.latest = [frame, view];
    this.due = true;
    const place = `${view.width} ${view.height} ${devicePixelRatio}`;
    if (place !== this.place) {
      this.place = place;
      // two by two pixels for one of the screen make smooth edges; from three a pixel on, eyes see no steps
      this.pace = new Pace(Math.min(3, Math.max(2, 1.5 * devicePixelRatio)), devicePixelRatio);
      // a canvas is empty after its size has changed: at once then
      this.draw();
    } else if (now !== undefined) this.frame(now);
    else this.ask();
  }

  private ask(): void {
    if (this.asked === 0) this.asked = requestAnimationFrame((now) => this.frame(now));
  }

  /** Draws what is due, and goes on until the picture is at rest. */
  private frame(now: number): void {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    const moves = this.pace.begins(now) || this.due;
    if (this.due) this.pace.draws(now);
    if (this.due || !this.fits()) this.draw();
    if (moves) this.ask();
  }

  private read(): Record<(typeof names)[number], Color> {
    const probe = document.createElement("span");
    this.host.append(probe);
    const found = names.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, new Color(getComputedStyle(probe).color)];
    });
    probe.remove();
    return Object.fromEntries(found);
  }

  private fits(): boolean {
    return this.size === `${this.place} ${this.pace.ratio}`;
  }

  private resize({ width, height }: View): void {
    this.size = `${this.place} ${this.pace.ratio}`;
    this.renderer.setDrawingBufferSize(width - 2 * inset, height - 2 * inset, this.pace.ratio);
  }

  /** Takes what the view has in sight, from well before it to well behind it. */
  private look({ width, height, scale, wide, back }: View): void {
    const { camera } = this;
    const [x, y, away] = [(width / 2 - inset) / scale, (height / 2 - inset) / scale, 8 * wide];
    Object.assign(camera, { left: -x, right: x, top: y, bottom: -y, near: 0, far: 2 * away });
    camera.updateProjectionMatrix();
    camera.position.set(...plus(centre, back, away));
    camera.lookAt(...centre);
  }

  private draw(): void {
    if (this.latest === undefined) return;
    this.due = false;
    const [frame, view] = this.latest;
    const { model, step, showRms, also } = frame;
    const { camera, ground, veils, lines, results, colours } = this;
    const { raised, ink, muted, uniform, orthogonal, layernorm, rmsnorm } = colours;
    const { eye } = view;
    if (!this.fits()) this.resize(view);
    /** Paler without letting anything through: what is opaque is drawn fast, and in any order. */
    const pale = (colour: Color, share: number) => raised.clone().lerp(colour, share);
    this.look(view);

    const x = toPicture(model.x);
    const shadow = toPicture(model.layerNorm.shadow);
    const onWay = step > 0;
    const share = Math.max(0, step - 3);
    const circle = (of: number) => ring(96, (a, b) => [a * of, 0, b * of]);

    // what is farther away is drawn no thinner
    lines.begin(view.wide);
    const rim = circle(floor);
    lines.line(rim, 0.007, pale(orthogonal, 0.45), eye);
    lines.dashes([0, -0.9, 0], axisTop(view), 0.09, 0.011, uniform, eye);
    lines.dashes(x, shadow, 0.09, 0.011, uniform, eye);
    lines.line(arc(x, 20), 0.011, muted, eye);
    lines.line(circle(radius).map(warp(model.weight, model.bias, share)), 0.026, layernorm, eye);
    if (step > 1 && step < 3) {
      const one = circle(1);
      for (let i = 0; i + 1 < one.length; i += 2) lines.line(one.slice(i, i + 2), 0.01, orthogonal, eye);
    }
    lines.arrow(x, 0.032, pale(ink, onWay ? 0.45 : 1), eye);
    lines.arrow(toPicture(model.layerNorm.meanVector), 0.032, pale(uniform, onWay ? 0.7 : 1), eye);
    lines.arrow(shadow, 0.026, pale(orthogonal, step >= 1 ? 0.55 : 1), eye);
    results.begin(view.wide);
    if (also === "nothing" && showRms && step > 1)
      results.arrow(toPicture(rmsNormAt(model, step)), 0.036, rmsnorm, eye);
    if (also === "nothing" && onWay) results.arrow(toPicture(layerNormAt(model, step)), 0.036, layernorm, eye);

    ground.begin();
    const blue = pale(orthogonal, 0.1);
    for (let i = 0; i + 1 < rim.length; i++) ground.triangle(origin, rim[i], rim[i + 1], blue);
    ground.end();

    veils.begin();
    drawAlso(frame, { lines, results, veils, eye, wide: view.wide, colours, pale });
    results.end();
    if (showRms) {
      const [outer, middle, inner] = outlines(view, model.weight, share, [1, 0.91, 0.72]);
      veils.band(outer, middle, rmsnorm, [0.3, 0.12]);
      veils.band(middle, inner, rmsnorm, [0.12, 0]);
      lines.line(outer, 0.008, pale(rmsnorm, 0.8), eye);
      const stretch = warp(model.weight, origin, share);
      // through the poles, and through x: where RMSNorm takes it
      const [p, , q] = toPicture(model.rmsNorm.standardized);
      const turn = Math.hypot(p, q) < 1e-6 ? 0 : Math.atan2(q, p);
      for (const angle of [turn, turn + Math.PI / 2]) {
        const [ca, sa] = [Math.cos(angle), Math.sin(angle)];
        const meridian = ring(72, (a, b): Vector => [a * radius * ca, b * radius, a * radius * sa]).map(stretch);
        lines.line(meridian, 0.005, pale(rmsnorm, angle === turn ? 0.7 : 0.35), eye);
      }
    }
    lines.end();
    veils.end();
    this.renderer.render(this.graph, camera);
  }
}
