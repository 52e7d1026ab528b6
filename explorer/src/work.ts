/** Long work in a worker: what is done of how much, and a button that stops it. */
import { make } from "./page.js";

export interface Work {
  progress(what: string, share: number): void;
  /** Takes the bar away and lets the worker go. */
  end(): void;
}

/** @param stopped told when the button was pressed, after the worker has been ended */
export function startWork(host: HTMLElement, worker: Worker, stopped: () => void): Work {
  const text = make("span", { class: "what" }, "Starting");
  const bar = make("progress", { max: "1", value: "0", "aria-label": "Progress" });
  const cancel = make("button", { type: "button" }, "Cancel");
  host.replaceChildren(make("div", { class: "work" }, bar, text, cancel));
  const from = document.activeElement;
  host.tabIndex = -1;
  const end = () => {
    worker.terminate();
    const held = host.contains(document.activeElement);
    host.replaceChildren();
    // The button goes, and would take a keyboard's place in the page with it: that is now where the work was started. What was
    // dropped was started nowhere; then it is where the words about the work are.
    if (held) (from instanceof HTMLElement && from !== document.body ? from : host).focus({ preventScroll: true });
  };
  cancel.addEventListener("click", () => {
    end();
    stopped();
  });
  return {
    end,
    progress(what, share) {
      bar.value = share;
      text.textContent = `${what} · ${Math.floor(share * 100)} %`;
    },
  };
}

/** One line next to where it happened, which is also read out. */
export function say(host: HTMLElement, kind: "error" | "note", text: string): void {
  host.replaceChildren(make("p", { class: kind, role: kind === "error" ? "alert" : "status" }, text));
}
