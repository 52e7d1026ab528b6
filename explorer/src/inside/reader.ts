/** One model of the panel: its worker, its map, its losses and the text with which it goes on. */
import type { NormKind } from "@orthonorm/models";
import { fixed } from "../geometry/numbers.js";
import { make, textOf } from "../page.js";
import type { Given } from "./files.js";
import { clamped, HeatMap } from "./map.js";
import type { Answer, Cell, Opened, Order, Place, Read } from "./messages.js";
import { shownToken, unitOf } from "./words.js";

export interface ReaderEvents {
  opening(share: number): void;
  opened(): void;
  /** The picture, or the losses, are others. */
  changed(reader: Reader): void;
  chosen(place: Place): void;
  entered(): void;
  over(reader: Reader, place: Place | null): void;
  looked(reader: Reader): void;
  failed(message: string, opened: boolean): void;
}

/** Milliseconds for which nobody asks how far it is. */
const patience = 300;

export const otherNorm = (norm: NormKind): NormKind => (norm === "LayerNorm" ? "RMSNorm" : "LayerNorm");

export class Reader {
  readonly worker = new Worker(new URL("./model-worker.ts", import.meta.url), { type: "module" });
  readonly map: HeatMap;
  /** The picture, with the switch above it, and the words below it. */
  readonly picture: HTMLElement;
  readonly words: HTMLElement;
  opened: Opened | undefined;
  read: Read | undefined;
  /** The loss with the other norm; undefined until it is known. */
  other: number | null | undefined;
  cell: Cell | undefined;

  private readonly swap = make("input", { type: "checkbox", role: "switch", disabled: "" });
  private readonly swapLabel = make("span", {}, "Swap the norm");
  private readonly loss = make("p", { class: "loss" });
  private readonly before = make("span", { class: "before" });
  private readonly same = make("span");
  private readonly differs = make("mark");
  private readonly output = make("p", { class: "continued", "aria-busy": "true" });
  private readonly note = make("p", { class: "beside" });
  private turn = 0;
  private text = "";
  private said = "";
  /** Has it said all of it? */
  private ended = false;
  private startedAt = 0;
  /** What it said to the same text with the other norm. */
  private formerly: { text: string; norm: NormKind; said: string } | undefined;

  constructor(
    readonly name: string,
    given: Given,
    help: string,
    private readonly events: ReaderEvents,
  ) {
    this.map = new HeatMap(name, help, {
      chosen: events.chosen,
      entered: events.entered,
      over: (place) => events.over(this, place),
    });
    const label = make("label", { class: "swap" }, this.swap, this.swapLabel);
    this.picture = make("div", { class: "reader" }, make("h3", {}, name), label, this.map.host);
    this.output.append(this.before, this.same, this.differs);
    this.words = make(
      "div",
      { class: "reader" },
      make("h3", {}, `${name}: how it goes on`),
      this.loss,
      this.output,
      this.note,
    );
    this.swap.addEventListener("change", () => this.readAgain());
    this.worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.take(data));
    this.worker.addEventListener("error", (event) => {
      events.failed(event.message || "the worker expected to load, and did not", this.opened !== undefined);
    });
    this.order({ kind: "open", ...given });
  }

  /** The norm that it runs with. */
  get norm(): NormKind {
    const own = this.opened?.norm ?? "LayerNorm";
    return this.swap.checked ? otherNorm(own) : own;
  }

  /** Does it run with another norm than its own? */
  get swapped(): boolean {
    return this.swap.checked;
  }

  /** Is all known that is to be known of the text as it is now? */
  get settled(): boolean {
    return this.read?.turn === this.turn && (this.other !== undefined || this.opened?.swaps === false);
  }

  /** Mean |90° − θ| over chance. */
  get mean(): number {
    const ratios = Array.from(this.read?.ratios ?? []).filter((ratio) => !Number.isNaN(ratio));
    return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  }

  /** What was said to a text before is of no interest any more. */
  start(text: string): void {
    if (this.read !== undefined && this.ended && this.text === text && this.read.norm !== this.norm) {
      this.formerly = { text, norm: this.read.norm, said: this.said };
    } else if (this.formerly?.text !== text) this.formerly = undefined;
    this.text = text;
    this.turn++;
    this.startedAt = performance.now();
    this.output.setAttribute("aria-busy", "true");
    if (this.opened !== undefined) this.order({ kind: "read", turn: this.turn, text, norm: this.norm });
  }

  look(place: Place): void {
    if (this.read === undefined || this.opened === undefined) return;
    // another model may have read more of what is typed
    const own = clamped(place, this.read.tokens.length, this.opened.sites);
    this.map.choose(own);
    this.order({ kind: "look", turn: this.read.turn, place: own });
  }

  end(): void {
    this.worker.terminate();
  }

  private readAgain(): void {
    this.start(this.text);
  }

  private order(order: Order): void {
    this.worker.postMessage(order);
  }

  private take(answer: Answer): void {
    if (answer.kind === "opening") this.events.opening(answer.share);
    else if (answer.kind === "opened") this.open(answer);
    // What is of a text that has been typed over is of no interest any more.
    else if (answer.turn !== null && answer.turn !== this.turn) return;
    else if (answer.kind === "reading") this.sayHowFar(answer.share);
    else if (answer.kind === "read") this.show(answer);
    else if (answer.kind === "other") {
      this.other = answer.loss;
      this.sayLoss();
      this.events.changed(this);
    } else if (answer.kind === "said") this.saySomeMore(answer.text);
    else if (answer.kind === "ended") this.sayWhatIsSame();
    else if (answer.kind === "looked") {
      this.cell = answer;
      this.events.looked(this);
    } else this.events.failed(answer.message, this.opened !== undefined);
  }

  private open(opened: Opened): void {
    this.opened = opened;
    this.swap.disabled = !opened.swaps;
    this.swapLabel.textContent = `${otherNorm(opened.norm)} in ${opened.norm}’s place`;
    this.events.opened();
    this.readAgain();
  }

  private show(read: Read): void {
    this.read = read;
    this.other = undefined;
    this.said = "";
    this.ended = false;
    textOf(this.before).data = lineBefore(this.text);
    textOf(this.same).data = "";
    textOf(this.differs).data = "";
    this.note.replaceChildren();
    this.map.show(read, (this.opened as Opened).sites);
    this.sayLoss();
    this.events.changed(this);
  }

  private sayLoss(): void {
    const { read, other, norm } = this;
    if (read === undefined) return;
    if (read.loss === null) {
      this.loss.replaceChildren("Nothing to foresee: a loss needs a second token.");
      return;
    }
    const number = (value: number) => make("strong", { class: "n" }, fixed(value, 3));
    const unit = `nats a ${unitOf(read.tokens)}`;
    const parts: (Node | string)[] = [`Loss with ${norm} `, number(read.loss), ` ${unit}`];
    if (typeof other === "number") {
      const change = 100 * (read.loss / other - 1);
      const sign = change < 0 ? "" : "+";
      parts.push(
        `; with ${otherNorm(norm)} `,
        number(other),
        this.swapped ? ` (now ${sign}${fixed(change, 1)} %)` : "",
      );
    }
    this.loss.replaceChildren(...parts, ".");
  }

  private saySomeMore(text: string): void {
    this.said += text;
    const same = this.formerly === undefined ? this.said.length : commonLength(this.said, this.formerly.said);
    textOf(this.same).data = this.said.slice(0, same);
    textOf(this.differs).data = this.said.slice(same);
  }

  private sayHowFar(share: number): void {
    if (performance.now() - this.startedAt < patience) return;
    this.note.replaceChildren(`Reading: ${Math.floor(100 * share)} %`);
  }

  private sayWhatIsSame(): void {
    this.ended = true;
    this.output.setAttribute("aria-busy", "false");
    if (this.formerly === undefined) return;
    const same = commonLength(this.said, this.formerly.said);
    const { norm } = this.formerly;
    const words =
      same === Math.max(this.said.length, this.formerly.said.length)
        ? `Word for word what it says with ${norm}.`
        : `The first ${same} characters are what it says with ${norm}; the marked ones are not.`;
    this.note.replaceChildren(words);
  }
}

/** The end of a text, after which it goes on: its last line, where that is no longer than one. */
function lineBefore(text: string): string {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  return line.length > 48 ? `…${line.slice(-47)}` : line === "" && text !== "" ? `${shownToken("\n")}\n` : line;
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
