/** The names in the picture, beside what they name, where there is room: none lies over another or over the ball. */
import { make } from "../page.js";
import { hasGhost, placeOf } from "./also.js";
import { alsoTexts, besidesAlso } from "./also-labels.js";
import type { Frame, Part } from "./frame.js";
import { layerNormAt, radius, rmsNormAt, scaled, type Vector } from "./model.js";
import { arcMiddle, length, warp } from "./paths.js";
import { type Place, Places, type Size } from "./places.js";
import { axisTop, seen, toPicture, type View } from "./view.js";

/** In the order in which they take their places: who comes last finds least room. */
const texts = {
  x: "x",
  ...alsoTexts,
  layernorm: "LayerNorm",
  unit: "length 1",
  rmsnorm: "RMSNorm",
  one: "(1, 1, 1)",
  removed: "uniform part",
  shadow: "shadow",
  angle: "θ",
  circle: "circle, radius √3",
};
type Name = keyof typeof texts;

/** The part of the picture that a name belongs to, where words light it up. */
const partOf: Partial<Record<Name, Part>> = {
  x: "x",
  sine: "circle",
  cosine: "mean",
  layernorm: "circle",
  rmsnorm: "sphere",
  one: "uniform",
  removed: "mean",
  shadow: "shadow",
  angle: "angle",
  circle: "circle",
};

/** What a name stands beside: a point of the picture, and how many pixels away from it. */
export interface Beside {
  at: Vector;
  by: number;
  first: Place;
}

/** Pixels of the page from the middle of the ball to its border. */
const ball = 20;

export function makeLabels(host: HTMLElement): (frame: Frame, view: View) => void {
  const entries = Object.entries(texts) as [Name, string][];
  const labels = entries.map(([name, text]) => ({
    name,
    element: make("span", { class: `label ${name}`, "aria-hidden": "true" }, text),
    size: { width: 0, height: 0 } as Size,
    /** Where it stood in the frame before. */
    place: undefined as Place | undefined,
  }));
  host.append(...labels.map(({ element }) => element));

  /** The width for which they were measured; a font that arrives makes them wider or narrower. */
  let measured = 0;
  const measure = (width: number) => {
    measured = width;
    for (const { element } of labels) element.hidden = false;
    for (const label of labels) {
      label.size = { width: label.element.offsetWidth, height: label.element.offsetHeight };
    }
  };
  document.fonts.ready.then(() => {
    measured = 0;
  });

  return (frame, view) => {
    if (view.width !== measured) measure(view.width);
    const wanted = besides(frame, view);
    const places = new Places(view.width, view.height);
    const { left, top } = seen(view, toPicture(frame.model.x));
    places.take({ left: left - ball, top: top - ball, width: 2 * ball, height: 2 * ball });
    if (hasGhost(frame.also)) {
      const at = seen(view, placeOf(frame.model, frame.also, frame.ghost));
      places.take({ left: at.left - ball, top: at.top - ball, width: 2 * ball, height: 2 * ball });
    }
    for (const label of labels) {
      const beside = wanted[label.name];
      const box = beside && places.find(seen(view, beside.at), label.size, beside.by, [label.place, beside.first]);
      label.element.hidden = box === undefined;
      label.element.classList.toggle("faint", frame.lit !== undefined && partOf[label.name] !== frame.lit);
      label.place = box?.place;
      if (box === undefined) continue;
      label.element.style.transform = `translate(${box.left.toFixed(1)}px, ${box.top.toFixed(1)}px)`;
    }
  };
}

/** What has a name in this frame, and where it is. */
function besides(frame: Frame, view: View): Partial<Record<Name, Beside>> {
  const { model, step, showRms } = frame;
  const x = toPicture(model.x);
  const shadow = toPicture(model.layerNorm.shadow);
  const removed = toPicture(model.layerNorm.meanVector);
  // on the near side of the circle, left of the middle
  const near = Math.atan2(-view.right[2], view.right[0]) - 0.75;
  const onCircle = warp(
    model.weight,
    model.bias,
    Math.max(0, step - 3),
  )([Math.sin(near) * radius, 0, Math.cos(near) * radius]);
  const long = (v: Vector, pixels: number) => length(v) * view.scale > pixels;
  const when = (said: boolean, at: Vector, by: number, first: Place): Beside | undefined =>
    said ? { at, by, first } : undefined;
  return {
    x: when(true, x, 24, "above"),
    // what has gone through the first step alone is the shadow, and through two the shadow at length 1
    layernorm: when(step > 2.5, toPicture(layerNormAt(model, step)), 8, "below"),
    unit: when(step > 1 && step <= 2.5, toPicture(layerNormAt(model, step)), 8, "below"),
    rmsnorm: when(showRms && step > 1, toPicture(rmsNormAt(model, step)), 8, "above"),
    one: when(true, axisTop(view), 3, "above"),
    removed: when(long(removed, 45), scaled(removed, 0.55), 6, "left"),
    shadow: when(long(shadow, 60) && (step <= 1 || step >= 4), scaled(shadow, 0.6), 5, "below"),
    angle: when(model.angle > 12, arcMiddle(x), 2, "on"),
    circle: when(step <= 3, onCircle, 5, "below"),
    ...besidesAlso(frame, view),
  };
}
