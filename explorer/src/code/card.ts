/** One snippet: its text, what can be done with it, and what it has printed. */
import { copy, make, select } from "../page.js";
import type { Editor, openEditor } from "./editor.js";
import { toHash } from "./link.js";

/** A line that ends so has the scene's x in its brackets, whatever the scene's x is. */
const ofTheScene = /\[[^\]\n]*\](?=[^[\n]*\/\/ x of the scene$)/m;

/** Milliseconds after the last key before a text is looked at for errors. */
const pause = 400;

export class Card {
  readonly element: HTMLElement;
  /** The text, until there is an editor. */
  private readonly shown: HTMLElement;
  private editor: Editor | undefined;
  /** What `reset` goes back to: with the scene's x, as all. */
  private original: string;
  private readonly output: HTMLElement;
  private readonly runButton = make("button", { type: "button", class: "primary" }, "Run");
  private readonly resetButton = make("button", { type: "button", class: "quiet", hidden: "" }, "Reset");
  /** Ends the run that goes on. */
  private stop: (() => void) | undefined;
  private printed: string[] = [];
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly name: string,
    private readonly title: string,
    text: string,
  ) {
    this.original = text.trimEnd();
    this.shown = make("pre", { tabindex: "0", "aria-label": `Code: ${title}` }, make("code", {}, this.original));
    this.output = make("output", { "aria-label": `Output: ${title}` });
    const take = make("button", { type: "button" }, "Copy");
    const link = make("button", { type: "button" }, "Copy a link to it");
    take.addEventListener("click", () => copy(this.text(), take, () => select(this.editor?.element ?? this.shown)));
    link.addEventListener("click", () => this.share(link));
    this.runButton.addEventListener("click", () => this.start());
    this.resetButton.addEventListener("click", () => this.replace(this.original));
    const actions = make("div", { class: "actions" }, this.runButton, take, link, this.resetButton);
    this.element = make("article", { class: "snippet" }, make("h3", {}, title), this.shown, actions, this.output);
  }

  private text(): string {
    return this.editor?.text() ?? this.shown.textContent ?? "";
  }

  private replace(text: string): void {
    if (this.editor !== undefined) this.editor.replace(text);
    else this.shown.replaceChildren(make("code", {}, text));
    this.resetButton.hidden = text === this.original;
  }

  /** An editor in the text's place. */
  open(make: typeof openEditor): void {
    const held = document.activeElement === this.shown;
    this.editor = make(
      this.text(),
      `Code: ${this.title}`,
      () => this.changed(),
      () => this.start(),
    );
    this.shown.replaceWith(this.editor.element);
    if (held) this.editor.focus();
  }

  /** The scene has another x. */
  take(x: readonly number[]): void {
    const withX = (text: string) => text.replace(ofTheScene, `[${x.join(", ")}]`);
    const next = withX(this.text());
    this.original = withX(this.original);
    if (next !== this.text()) this.replace(next);
  }

  /** A text that a link has brought. */
  bring(text: string): void {
    this.replace(text);
    this.say("This code came with the link. It runs when you press Run, and not before.");
  }

  private changed(): void {
    this.resetButton.hidden = this.text() === this.original;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.look(), pause);
  }

  /** Looks for errors of syntax, and says where the first is. */
  private async look(): Promise<void> {
    const { check } = await import("./program.js");
    try {
      check(this.text());
      if (this.output.classList.contains("error")) this.say("");
    } catch (error) {
      const { message, line } = error as Error & { line?: number };
      this.printed = [];
      this.fail(message, line);
    }
  }

  private async start(): Promise<void> {
    if (this.stop !== undefined) {
      this.stop();
      this.printed.push("Stopped.");
      return this.over();
    }
    // to run it tells of errors too
    clearTimeout(this.waiting);
    this.runButton.textContent = "Stop";
    this.editor?.mark(undefined);
    this.printed = [];
    let stopped = false;
    this.stop = () => {
      stopped = true;
    };
    const { run } = await import("./run.js");
    if (stopped) return;
    this.stop = run(this.text(), {
      line: (text) => this.printed.push(text),
      end: (error) => {
        this.over();
        if (error !== undefined) this.fail(error.message, error.line);
      },
    });
  }

  private over(): void {
    this.stop = undefined;
    this.runButton.textContent = "Run";
    this.say(this.printed.join("\n"));
  }

  private fail(message: string, line: number | undefined): void {
    const printed = this.printed.map((one) => `${one}\n`).join("");
    this.say(`${printed}${line === undefined ? "" : `Line ${line}: `}${message}`);
    this.output.classList.add("error");
    this.editor?.mark(line);
  }

  private say(text: string): void {
    this.output.classList.remove("error");
    this.output.textContent = text;
  }

  private share(button: HTMLButtonElement): void {
    const { pathname, search } = location;
    const address = pathname + search + toHash({ name: this.name, text: this.text() });
    history.replaceState(null, "", address);
    copy(new URL(address, location.href).href, button, () => "It is in the address bar");
  }
}
