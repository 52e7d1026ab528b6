/** Draws what also.ts says, with the rest of the picture. */
import { hasGhost, placeOf, rayEnd, reach } from "./also.js";
import type { Pen } from "./colours.js";
import type { Frame } from "./frame.js";
import { scaled, type Vector } from "./model.js";
import { before, hair, type Painter } from "./painter.js";
import { cross, origin, unit } from "./paths.js";
import { centre, plus, toPicture, type View } from "./view.js";

export function drawAlso(frame: Frame, view: View, painter: Painter, pen: Pen): void {
  if (frame.also === "identity") drawIdentity(frame, painter, pen);
  else if (hasGhost(frame.also)) drawForgotten(frame, view, painter, pen);
}

/** sin θ · LayerNorm(x) and cos θ · 1, tip to tail: together RMSNorm(x). */
function drawIdentity({ model }: Frame, painter: Painter, pen: Pen): void {
  const ln = toPicture(model.layerNorm.standardized);
  const corner = scaled(ln, model.orthogonal / model.norm);
  const sum = toPicture(model.rmsNorm.standardized);
  // all of LayerNorm(x), of which sin θ takes a part
  painter.line([corner, ln], 0.014, pen("circle")("layernorm", 0.6));
  painter.arrow(corner, 0.036, pen("circle")("layernorm"), before);
  painter.arrow(sum, 0.036, pen("mean")("uniform"), before, corner);
  painter.arrow(sum, 0.036, pen("sphere")("rmsnorm"), before);
}

function drawForgotten(frame: Frame, view: View, painter: Painter, pen: Pen): void {
  const { model, also, ghost, ghostModel, showRms } = frame;
  const place = placeOf(model, also, ghost);
  const rms = toPicture(model.rmsNorm.standardized);
  if (also === "rmsnorm") {
    // beyond x, which is on it
    const end = scaled(unit(toPicture(model.x)), Math.max(rayEnd(model), model.norm + 0.5));
    painter.line([origin, end], 0.02, pen()("rmsnorm", 0.55));
  } else {
    const way = placeOf(model, also, [1, 0]);
    const edge = halfDisc(way, reach * view.wide);
    painter.veil(edge, pen()("layernorm", 1, 0.2), cross(way, [0, 1, 0]));
    painter.line(edge, hair, pen()("layernorm", 0.7));
    const shadow = placeOf(model, also, [ghost[0], 0]);
    painter.dashes(place, shadow, 0.09, 0.011, pen()("uniform"));
    painter.line([origin, shadow], 0.011, pen()("muted", 0.7));
    if (showRms) painter.arrow(toPicture(ghostModel.rmsNorm.standardized), 0.022, pen()("rmsnorm", 0.6), before);
  }
  painter.dashes(origin, place, 0.12, 0.016, pen()("ink"));
  painter.arrow(toPicture(model.layerNorm.standardized), 0.036, pen("circle")("layernorm"), before);
  if (showRms || also === "rmsnorm") painter.arrow(rms, 0.036, pen("sphere")("rmsnorm"), before);
}

/** The edge of the half-plane as far as it is in sight: from the uniform direction below to the uniform direction above. */
function halfDisc(way: Vector, far: number): Vector[] {
  const pieces = 40;
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const angle = (Math.PI * i) / pieces;
    return plus(plus(centre, [0, 1, 0], -far * Math.cos(angle)), way, far * Math.sin(angle));
  });
}
