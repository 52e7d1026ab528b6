export function showValues(drawing: HTMLElement, name: string): void;
export function lightUp(within: Element, part: string | null): void;
