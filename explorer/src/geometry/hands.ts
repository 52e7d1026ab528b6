/** Keys and pointers, as what is moved in the picture hears of them. */

/** A key that is meant for the browser or the system: with alt an arrow goes back. */
export const foreign = ({ altKey, ctrlKey, metaKey }: KeyboardEvent) => altKey || ctrlKey || metaKey;

/** Right, down and nearer, each −1, 0 or 1. */
export function arrows(key: string, pages: boolean): [number, number, number] {
  return [
    key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0,
    key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0,
    pages ? (key === "PageDown" ? 1 : key === "PageUp" ? -1 : 0) : 0,
  ];
}

export interface Way {
  right: number;
  down: number;
  touch: boolean;
  /** The time of the frame that is being made; none when the pointer has been lifted. */
  now?: number;
}

/** Tells with each frame how far a pointer that went down on an element has moved: a mouse may tell several times as often. */
export function drag(element: HTMLElement, by: (way: Way) => void): void {
  let last: { x: number; y: number } | undefined;
  let [right, down, touch, moved, asked] = [0, 0, false, false, 0];
  const tell = (now?: number) => {
    cancelAnimationFrame(asked);
    asked = 0;
    const way = { right, down, touch, now };
    [right, down] = [0, 0];
    by(way);
  };
  element.addEventListener("pointerdown", (event) => {
    // a second finger is no hand of its own: between the two it would jump
    if (event.button !== 0 || !event.isPrimary) return;
    element.setPointerCapture(event.pointerId);
    element.dataset.held = "";
    last = { x: event.clientX, y: event.clientY };
    touch = event.pointerType === "touch";
    moved = false;
  });
  element.addEventListener("pointermove", (event) => {
    if (last === undefined || !event.isPrimary) return;
    moved = true;
    right += event.clientX - last.x;
    down += event.clientY - last.y;
    last = { x: event.clientX, y: event.clientY };
    if (asked === 0) asked = requestAnimationFrame(tell);
  });
  const end = ({ isPrimary }: PointerEvent) => {
    if (!isPrimary || last === undefined) return;
    // that it has been lifted is told too, where it has moved: it rests now
    if (moved) tell();
    last = undefined;
    delete element.dataset.held;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}
