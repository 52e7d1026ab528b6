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
