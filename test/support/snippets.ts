// The explorer's snippets, as a hand comes to them: each in its card, in an editor that is loaded when one is near.

import type { Locator } from "playwright";
import { page } from "./explorer.js";

export const titles = {
  geometry: "The three steps",
  swap: "RMSNorm from LayerNorm",
  states: "How uniform are random directions?",
  machine: "How fast is it?",
};
export type Name = keyof typeof titles;
export const names = Object.keys(titles) as Name[];

export const card = (name: Name): Locator =>
  page.locator(".snippet").filter({ has: page.getByRole("heading", { name: titles[name] }) });

/** The snippet's editor, when it is there. */
export async function editor(name: Name): Promise<Locator> {
  await card(name).hover();
  const found = card(name).getByRole("textbox", { name: `Code: ${titles[name]}` });
  await found.waitFor();
  return found;
}

export const text = async (name: Name) =>
  (await editor(name))
    .locator(".cm-line")
    .allTextContents()
    .then((lines) => lines.join("\n"));

/** Writes in the place of all that is there. */
export async function write(name: Name, code: string): Promise<void> {
  const into = await editor(name);
  await into.press("ControlOrMeta+a");
  await page.keyboard.insertText(code);
}

/** Runs it to its end: what it has printed. */
export async function run(name: Name): Promise<string> {
  const output = card(name).locator("output");
  await card(name).getByRole("button", { name: "Run" }).click();
  await card(name).getByRole("button", { name: "Run" }).waitFor();
  return (await output.textContent()) ?? "";
}
