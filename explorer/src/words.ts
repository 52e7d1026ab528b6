/** Words that light up their part of a picture. */

/**
 * The part is lit while its word is pointed at or has the focus, and for good once the word is pressed, until it or another one is.
 *
 * @param word a button with the name of its part in `data-lights`
 * @param host what the words of one picture are in
 * @param light told which part is lit; null when none is
 */
export function lights(word: HTMLElement, host: HTMLElement, light: (part: string | null) => void): void {
  const own = () => word.dataset.lights ?? null;
  const pressed = () => host.querySelector<HTMLElement>('.word[aria-pressed="true"]');
  const on = () => light(own());
  const off = () => light(pressed()?.dataset.lights ?? null);
  word.addEventListener("pointerenter", on);
  word.addEventListener("pointerleave", off);
  word.addEventListener("focus", on);
  word.addEventListener("blur", off);
  word.addEventListener("click", () => {
    const before = pressed();
    before?.setAttribute("aria-pressed", "false");
    word.setAttribute("aria-pressed", String(before !== word));
    light(before === word ? null : own());
  });
}
