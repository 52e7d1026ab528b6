/** The marks of a figure say their values: at the one nearest to the pointer, and at the one that has the focus. */
import { make } from "../page.js";
import type { Point } from "./svg.js";

export interface Mark {
  /** Of the states that it stands for, which other figures have too. */
  id: string;
  at: Point;
  element: SVGElement;
  /** What it says. */
  text: string;
}

/** Pixels from a mark at which the pointer still means it. */
const near = 16;

export class Marks {
  private marks: readonly Mark[] = [];
  private readonly tip = make("p", { class: "tip", "aria-hidden": "true" });

  /** @param chosen told which states are looked at, and null when none are */
  constructor(
    private readonly host: HTMLElement,
    private readonly svg: SVGSVGElement,
    private readonly chosen: (id: string | null) => void,
  ) {
    this.tip.hidden = true;
    host.append(this.tip);
    for (const kind of ["pointermove", "pointerdown"] as const) {
      svg.addEventListener(kind, (event) => this.point(event));
    }
    svg.addEventListener("pointerleave", () => this.say(this.focused()));
    svg.addEventListener("focusin", () => this.say(this.focused()));
    svg.addEventListener("focusout", () => this.say(undefined));
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  /** One of them can be reached by Tab, the others from there by arrow keys. What had the focus keeps it. */
  replace(marks: readonly Mark[]): void {
    const held = this.focused()?.id;
    for (const { element } of this.marks) element.remove();
    this.marks = marks;
    for (const { element, text } of marks) {
      element.setAttribute("role", "img");
      element.setAttribute("aria-label", text);
      element.setAttribute("tabindex", "-1");
      element.classList.add("mark");
      this.svg.append(element);
    }
    const again = marks.find(({ id }) => id === held);
    (again ?? marks[0])?.element.setAttribute("tabindex", "0");
    if (again !== undefined) again.element.focus();
  }

  /** Shows that these states are looked at, here or in another figure. */
  light(id: string | null): void {
    for (const mark of this.marks) mark.element.classList.toggle("lit", mark.id === id);
  }

  private focused(): Mark | undefined {
    return this.marks.find(({ element }) => element === document.activeElement);
  }

  private point({ clientX, clientY }: PointerEvent): void {
    const { left, top } = this.svg.getBoundingClientRect();
    const distance = ({ at: [x, y] }: Mark) => Math.hypot(x - clientX + left, y - clientY + top);
    let found: Mark | undefined;
    let least = near;
    for (const mark of this.marks) {
      const far = distance(mark);
      if (far < least) [found, least] = [mark, far];
    }
    this.say(found ?? this.focused());
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.marks.findIndex(({ element }) => element === document.activeElement);
    if (at < 0) return;
    if (event.key === "Escape") this.say(undefined);
    const last = this.marks.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    this.marks[at].element.setAttribute("tabindex", "-1");
    const { element } = this.marks[Math.min(last, Math.max(0, to))];
    element.setAttribute("tabindex", "0");
    element.focus();
  }

  private say(mark: Mark | undefined): void {
    this.tip.hidden = mark === undefined;
    this.chosen(mark?.id ?? null);
    if (mark === undefined) return;
    this.tip.textContent = mark.text;
    const [x, y] = mark.at;
    // beside the mark where there is room, within the figure always
    const [width, wide] = [this.host.clientWidth, this.tip.offsetWidth];
    const left = Math.min(width - wide, Math.max(0, x - wide / 2));
    this.tip.style.transform = `translate(${left.toFixed(0)}px, ${(y + 14).toFixed(0)}px)`;
  }
}
