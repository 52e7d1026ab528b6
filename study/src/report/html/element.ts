import { printable } from "@orthonorm/files";
import { shorten } from "../../text.js";

/** Makes elements with attributes and children. Text becomes text nodes, so that the document escapes it. */
export type Child = Node | string | null | undefined;

export type Make = (tag: string, attributes?: Record<string, string>, ...children: Child[]) => HTMLElement;

export function maker(document: Document): Make {
  return (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    for (const child of children) {
      if (child !== null && child !== undefined) element.append(child);
    }
    return element;
  };
}

/** An element around constant markup. */
export function fragment(h: Make, tag: string, className: string, markup: string): HTMLElement {
  const element = h(tag, { class: className });
  element.innerHTML = markup;
  return element;
}

/**
 * A name of unknown origin. Control characters are shown, its writing direction stays its own, and a long one is shortened.
 *
 * @param label what is shown of it, where others stand beside it that shortening would make the same
 */
export function named(h: Make, name: string, width = 56, label = shorten(printable(name), width)): HTMLElement {
  const whole = printable(name);
  return label === whole ? h("bdi", {}, whole) : h("bdi", { title: whole }, label);
}
