/** The names in the picture, beside what they name. */
import { make } from "../page.js";
import type { Frame } from "./frame.js";
import { layerNormAt, radius, rmsNormAt, scaled, type Vector } from "./model.js";
import { arcMiddle, length, warp } from "./paths.js";
import { seen, toPicture, type View } from "./view.js";

const texts = {
  one: "(1, 1, 1)",
  x: "x",
  removed: "uniform part",
  shadow: "shadow",
  angle: "θ",
  layernorm: "LayerNorm",
  rmsnorm: "RMSNorm",
  circle: "circle, radius √3",
};
type Name = keyof typeof texts;

export function makeLabels(host: HTMLElement): (frame: Frame, view: View) => void {
  const entries = Object.entries(texts) as [Name, string][];
  const labels = new Map(
    entries.map(([name, text]) => [name, make("span", { class: `label ${name}`, "aria-hidden": "true" }, text)]),
  );
  host.append(...labels.values());

  return ({ model, step, showRms }, view) => {
    /** Beside a point, shifted by pixels. */
    const put = (name: Name, at: Vector, right: number, down: number, visible = true, before = false) => {
      const label = labels.get(name) as HTMLElement;
      label.hidden = !visible;
      if (!visible) return;
      const { left, top } = seen(view, at);
      const place = `translate(${(left + right).toFixed(1)}px, ${(top + down).toFixed(1)}px)`;
      label.style.transform = `${place} translate(${before ? "-100%" : "-50%"}, -50%)`;
    };
    const x = toPicture(model.x);
    const shadow = toPicture(model.layerNorm.shadow);
    const removed = toPicture(model.layerNorm.meanVector);
    const ln = toPicture(layerNormAt(model, step));
    const rms = toPicture(rmsNormAt(model, step));
    // on the near side of the circle, left of the middle
    const near = Math.atan2(-view.right[2], view.right[0]) - 0.75;
    const onCircle = warp(
      model.weight,
      model.bias,
      Math.max(0, step - 3),
    )([Math.sin(near) * radius, 0, Math.cos(near) * radius]);
    put("one", [0, 3.2, 0], 0, -12);
    put("x", x, 0, -35);
    put("removed", scaled(removed, 0.55), -8, 0, length(removed) > 0.5, true);
    put("shadow", scaled(shadow, 0.6), 0, 14, length(shadow) > 0.7 && (step < 1 || step >= 4));
    put("angle", arcMiddle(x), 0, 0, model.angle > 12);
    put("layernorm", ln, 0, 18, step > 0);
    put("rmsnorm", rms, 0, -16, showRms && step > 1);
    put("circle", onCircle, 0, 15, step <= 3);
  };
}
