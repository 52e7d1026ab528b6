/** What cells and norms are called. */
import { printable } from "@orthonorm/files";
import type { Place } from "./messages.js";

/** "norm 3 of 9, before attention of block 2" */
export function siteWords(site: number, sites: number): string {
  const number = `norm ${site + 1} of ${sites}`;
  if (site === sites - 1) return `${number}, the last, before the logits`;
  return `${number}, before ${site % 2 === 0 ? "attention" : "the MLP"} of block ${Math.floor(site / 2) + 1}`;
}

/** At the map's edge, where each block's number stands once. */
export function siteLabel(site: number, sites: number): string {
  if (site === sites - 1) return "last";
  return site % 2 === 0 ? `${Math.floor(site / 2) + 1} attention` : "MLP";
}

/** On a phone. */
export function shortSiteLabel(site: number, sites: number): string {
  if (site === sites - 1) return "last";
  return site % 2 === 0 ? String(Math.floor(site / 2) + 1) : "";
}

const signs: Readonly<Record<string, string>> = { "\n": "↵", "\t": "⇥", " ": "·" };

/** A token's text with signs for what cannot be seen. */
export function shownToken(text: string): string {
  if (text === "") return "▫";
  return printable(text.replace(/[\n\t ]/g, (character) => signs[character]));
}

const spoken: Readonly<Record<string, string>> = { "": "no text", "\n": "a new line", "\t": "a tab", " ": "a space" };

/** Do the tokens stand for a character each? */
export function unitOf(tokens: readonly string[]): "character" | "token" {
  return tokens.every((text) => text.length <= 1) ? "character" : "token";
}

export function tokenWords(tokens: readonly string[], token: number): string {
  const text = tokens[token];
  return `${unitOf(tokens)} ${token + 1} of ${tokens.length}, ${spoken[text] ?? `“${shownToken(text)}”`}`;
}

export function placeWords(tokens: readonly string[], { token, site }: Place, sites: number): string {
  return `${tokenWords(tokens, token)}; ${siteWords(site, sites)}`;
}
