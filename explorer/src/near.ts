/** Parts of the page begin when the reader comes to them: until then what they load and compute is in nobody's way. */

/** Milliseconds. A part that a jump to another one scrolls past is not near for so long. */
const moment = 500;

/**
 * Calls `start` once, when the element has been near for a moment: in sight below the upper fifth of the window, where the end of
 * the part before is still to be seen after a jump, or in `margin` pixels below the window.
 * @returns ends the waiting
 */
export function whenNear(element: Element, margin: number, start: () => void): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    clearTimeout(waiting);
    observer.disconnect();
  };
  const observer = new IntersectionObserver(
    (entries) => {
      clearTimeout(waiting);
      if (entries.at(-1)?.isIntersecting !== true) return;
      waiting = setTimeout(() => {
        end();
        start();
      }, moment);
    },
    { rootMargin: `-20% 0px ${margin}px 0px` },
  );
  observer.observe(element);
  return end;
}
