/** Words of the finding that light up their part of the figures: a model's name, or chance. */
import { printable } from "@orthonorm/files";
import type { Report } from "@orthonorm/study";
import { lightUp } from "@orthonorm/study/values";
import { make } from "../page.js";
import { lights } from "../words.js";

/** @param host what the figures are in */
export function litWords(text: string, { groups }: Report, host: HTMLElement): (Node | string)[] {
  const labels = groups.map(({ label }) => printable(label)).filter((label) => label !== "");
  const parts = new Map(labels.map((label) => [label, label]));
  for (const word of ["random directions", "chance"]) parts.set(word, "chance");
  // Longer ones first: "states" may be the beginning of "states (2)".
  const either = [...parts.keys()].sort((a, b) => b.length - a.length).map(literally);
  return text.split(new RegExp(`(${either.join("|")})`)).map((piece) => {
    const part = parts.get(piece);
    return part === undefined ? piece : button(piece, part, host);
  });
}

function literally(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function button(word: string, part: string, host: HTMLElement): HTMLElement {
  const made = make("button", { type: "button", class: "word", "aria-pressed": "false" }, word);
  made.dataset.lights = part;
  lights(made, host, (lit) => lightUp(host, lit));
  return made;
}
