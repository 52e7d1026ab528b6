/** The few things every part of the page asks of the document. */

export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

export const every = <E extends HTMLElement = HTMLElement>(selector: string): E[] => [
  ...document.querySelectorAll<E>(selector),
];

/** An element with attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The text of an element that has nothing else, made where there is none yet. */
export const textOf = (element: HTMLElement): Text =>
  (element.firstChild as Text | null) ?? element.appendChild(new Text());

/** What the buttons say that copy, while they say something else. */
const labels = new WeakMap<HTMLButtonElement, string>();

/** Copies a text and says so on the button for a while; `instead` says what there is where the browser forbids it. */
export async function copy(text: string, button: HTMLButtonElement, instead: () => string): Promise<void> {
  const label = labels.get(button) ?? button.textContent;
  labels.set(button, label);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = instead();
  }
  setTimeout(() => {
    button.textContent = label;
  }, 2000);
}

/** Selects a text that could not be copied. */
export function select(shown: HTMLElement): string {
  getSelection()?.selectAllChildren(shown);
  return "Selected: copy it";
}
