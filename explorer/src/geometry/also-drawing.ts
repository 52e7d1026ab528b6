/** Draws what also.ts says, into the meshes of the picture. */
import type { Color } from "three";
import { hasGhost, placeOf, rayEnd, reach } from "./also.js";
import type { Frame } from "./frame.js";
import { scaled, type Vector } from "./model.js";
import { origin, unit } from "./paths.js";
import type { Solids } from "./solids.js";
import { centre, plus, toPicture } from "./view.js";

interface Pens {
  lines: Solids;
  results: Solids;
  veils: Solids;
  eye: Vector;
  /** How many times as much as usual is in sight. */
  wide: number;
  colours: Record<"ink" | "muted" | "uniform" | "layernorm" | "rmsnorm", Color>;
  pale: (colour: Color, share: number) => Color;
}

export function drawAlso(frame: Frame, pens: Pens): void {
  if (frame.also === "identity") drawIdentity(frame, pens);
  else if (hasGhost(frame.also)) drawForgotten(frame, pens);
}

/** sin θ · LayerNorm(x) and cos θ · 1, tip to tail: together RMSNorm(x). */
function drawIdentity({ model }: Frame, { lines, results, eye, colours, pale }: Pens): void {
  const { uniform, layernorm, rmsnorm } = colours;
  const ln = toPicture(model.layerNorm.standardized);
  const corner = scaled(ln, model.orthogonal / model.norm);
  const sum = toPicture(model.rmsNorm.standardized);
  // all of LayerNorm(x), of which sin θ takes a part
  lines.line([corner, ln], 0.014, pale(layernorm, 0.6), eye);
  results.arrow(corner, 0.036, layernorm, eye);
  results.arrow(sum, 0.036, uniform, eye, corner);
  results.arrow(sum, 0.036, rmsnorm, eye);
}

function drawForgotten({ model, also, ghost, ghostModel, showRms }: Frame, pens: Pens): void {
  const { lines, results, veils, eye, wide, colours, pale } = pens;
  const { ink, muted, uniform, layernorm, rmsnorm } = colours;
  const place = placeOf(model, also, ghost);
  const rms = toPicture(model.rmsNorm.standardized);
  if (also === "rmsnorm") {
    // beyond x, which is on it
    const end = scaled(unit(toPicture(model.x)), Math.max(rayEnd(model), model.norm + 0.5));
    lines.line([origin, end], 0.02, pale(rmsnorm, 0.55), eye);
  } else {
    const edge = halfDisc(placeOf(model, also, [1, 0]), reach * wide);
    for (let i = 0; i + 1 < edge.length; i++) veils.triangle(centre, edge[i], edge[i + 1], layernorm, [0.2, 0.2, 0.2]);
    lines.line(edge, 0.01, pale(layernorm, 0.7), eye);
    const shadow = placeOf(model, also, [ghost[0], 0]);
    lines.dashes(place, shadow, 0.09, 0.011, uniform, eye);
    lines.line([origin, shadow], 0.011, pale(muted, 0.7), eye);
    if (showRms) results.arrow(toPicture(ghostModel.rmsNorm.standardized), 0.022, pale(rmsnorm, 0.6), eye);
  }
  lines.dashes(origin, place, 0.12, 0.016, ink, eye);
  results.arrow(toPicture(model.layerNorm.standardized), 0.036, layernorm, eye);
  if (showRms || also === "rmsnorm") results.arrow(rms, 0.036, rmsnorm, eye);
}

/** The edge of the half-plane as far as it is in sight: from the uniform direction below to the uniform direction above. */
function halfDisc(way: Vector, far: number): Vector[] {
  const pieces = 40;
  return Array.from({ length: pieces + 1 }, (_, i) => {
    const angle = (Math.PI * i) / pieces;
    return plus(plus(centre, [0, 1, 0], -far * Math.cos(angle)), way, far * Math.sin(angle));
  });
}
