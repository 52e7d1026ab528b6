/** Hands and words of what is shown beside the steps: the choice, the sentence under the picture, the ring that is x′. */
import "./also.css";
import { byId, every, textOf } from "../page.js";
import { type Also, allowedGhost, choices, follow, type Ghost, hasGhost, placeOf, rayEnd, reach } from "./also.js";
import type { Frame } from "./frame.js";
import { arrows, drag, foreign } from "./hands.js";
import { fixed, tuple } from "./numbers.js";
import { seldom } from "./seldom.js";
import { seen, type View } from "./view.js";

/** A length by which an arrow key moves x′, and with shift. */
const [far, near] = [0.1, 0.01];

/** @param change told what the reader wants, and the time of the frame that is being made, where it is told in one */
export function makeAlso(
  change: (wanted: { also: Also } | { ghost: Ghost }, now?: number) => void,
): (frame: Frame, view: View, now?: number) => void {
  const choice = byId<HTMLSelectElement>("also");
  const ring = byId("ghost");
  const stories = every("[data-story]");
  const live = every("[data-also]").map((element) => ({
    text: textOf(element),
    name: element.dataset.also as keyof ReturnType<typeof numbers>,
  }));
  let shown: [Frame, View];

  choice.addEventListener("change", () => change({ also: choices.find((one) => one === choice.value) ?? "nothing" }));
  for (const button of every("[data-show]")) {
    button.addEventListener("click", () => change({ also: button.dataset.show as Also }));
  }
  drag(ring, ({ right, down, now }) => {
    const [{ model, also, ghost }, view] = shown;
    change({ ghost: follow(view, model, also, ghost, right, down) }, now);
  });
  ring.addEventListener("keydown", (event) => {
    const [right, down] = arrows(event.key, false);
    if (foreign(event) || (right === 0 && down === 0)) return;
    event.preventDefault();
    const by = event.shiftKey ? near : far;
    const [{ model, also, ghost }] = shown;
    // along a ray there is one way out
    const [out, up] = also === "rmsnorm" ? [right - down, 0] : [right, -down];
    change({ ghost: allowedGhost(model, also, [ghost[0] + out * by, ghost[1] + up * by]) });
  });

  const tell = seldom(() => {
    const [frame] = shown;
    const { model, also, ghost } = frame;
    if (also === "nothing") return;
    const texts = numbers(frame);
    for (const { text, name } of live) if (text.data !== texts[name]) text.data = texts[name];
    if (!hasGhost(also)) return;
    const norm = also === "rmsnorm" ? `RMSNorm gives ${texts.rmsNorm}` : `LayerNorm gives ${texts.layerNorm}`;
    ring.setAttribute("aria-valuenow", fixed(ghost[0], 2));
    ring.setAttribute("aria-valuemax", fixed(also === "rmsnorm" ? rayEnd(model) : reach, 2));
    ring.setAttribute("aria-valuetext", `${texts.ghost}; ${norm}, as for x`);
  });

  return (frame, view, now) => {
    shown = [frame, view];
    const { model, also, ghost } = frame;
    choice.value = also;
    for (const story of stories) story.hidden = story.dataset.story !== also;
    ring.hidden = !hasGhost(also);
    if (also === "nothing") return;
    tell(now);
    if (!hasGhost(also)) return;
    const { left, top } = seen(view, placeOf(model, also, ghost));
    ring.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px) translate(-50%, -50%)`;
  };
}

/** What stands in the elements with data-also, by its name. */
function numbers({ model, ghostModel }: Frame) {
  return {
    sine: fixed(model.orthogonal / model.norm, 2),
    cosine: fixed(model.cosine, 2),
    way: model.cosine < 0 ? "down" : "up",
    ghost: tuple(ghostModel.x),
    layerNorm: tuple(ghostModel.layerNorm.standardized),
    rmsNorm: tuple(ghostModel.rmsNorm.standardized),
  };
}
