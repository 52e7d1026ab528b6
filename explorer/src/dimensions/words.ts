/** What the figures say, in words. */
import { chanceSd } from "@orthonorm/study";
import { fixed } from "../geometry/numbers.js";
import { apartAt, expected } from "./chance.js";
import type { Drawn } from "./directions.js";
import { type Model, overChance, type States } from "./models.js";

/** Three digits of an angle, two of a share: as many as the states of a model are known to. */
export const angleOf = (value: number) => `${fixed(value, value < 10 ? 2 : 1)}°`;
export const shareOf = (value: number) => `${fixed(100 * value, value < 0.1 ? 1 : 0)} %`;
const ratioOf = (value: number) => fixed(value, value < 1.4 ? 2 : value < 10 ? 1 : 0);

/** "0.45–0.66" */
export function ratios({ states }: Pick<Model, "states">): string {
  const all = states.map(overChance);
  const [low, high] = [ratioOf(Math.min(...all)), ratioOf(Math.max(...all))];
  return low === high ? low : `${low}–${high}`;
}

/** What stands in the elements with data-of, by its name. */
export function numbersAt(d: number, drawn: Drawn | undefined) {
  return {
    d: String(d),
    sd: angleOf(chanceSd(d)),
    apart: shareOf(expected(d, apartAt)),
    "drawn-sd": drawn === undefined ? "…" : angleOf(drawn.sd),
    "drawn-apart": drawn === undefined ? "…" : shareOf(drawn.apart),
    rows: drawn === undefined ? "…" : String(drawn.rows),
  };
}

/** What a screen reader hears when d has come to rest. */
export function spokenAt(d: number, drawn: Drawn): string {
  const n = numbersAt(d, drawn);
  return `In ${d} dimensions random directions stand at 90° plus or minus ${n.sd} to the uniform vector; ${n.rows} that were drawn, plus or minus ${n["drawn-sd"]}. LayerNorm and RMSNorm are ${n["drawn-apart"]} of a vector’s length apart.`;
}

/** What a mark says. */
export function statesText({ name }: Model, states: States): string {
  const { angle, tilt, chance, apart, d } = states;
  return `${name}, ${states.name}, d = ${d}: θ ${angleOf(angle.mean)} ± ${angleOf(angle.sd)}; |90° − θ| ${angleOf(tilt)}, which is ${ratioOf(overChance(states))} times chance (${angleOf(chance)}); the two norms are ${shareOf(apart)} apart`;
}

/** Where all of a model's states lie, measured by what random directions in as many dimensions have. */
function position({ states }: Model): "below chance" | "above chance" | "on both sides of chance" {
  const all = states.map(overChance);
  if (all.every((ratio) => ratio < 1)) return "below chance";
  return all.every((ratio) => ratio > 1) ? "above chance" : "on both sides of chance";
}

/** "Real states: the LayerNorm twin’s lie below chance (0.45–0.66 of it), …" */
export function sentence(models: readonly Model[]): string {
  const measured = models.filter(({ states }) => states.length > 0);
  const own = measured.filter(({ from }) => from !== "given");
  const encoders = measured.filter(({ from }) => from === "given");
  const parts = own.map((model) => `${possessive(model)} lie ${position(model)} (${ratios(model)} times it)`);
  if (encoders.length > 0) {
    const all = { ...encoders[0], states: encoders.flatMap(({ states }) => states) };
    parts.push(`those of the encoders ${position(all)} (${ratios(all)} times it)`);
  }
  return `Real states: ${parts.join("; ")}.`;
}

/** "openWakeWord hey_mycroft" is told by its second word, "PP-OCRv4 text recogniser" by its first. */
export const shortName = (name: string) => name.replace(/^openWakeWord /, "").replace(/ text recogniser$/, "");

const possessive = ({ name, from }: Model) => (from === "sample" ? `the ${name}’s` : `those of ${name}`);
