/** The snippets: the text shown is the text of the module that Run evaluates. */
import { byId, copy, make, select } from "../page.js";
import geometry from "./snippets/geometry.ts?raw";
import machine from "./snippets/machine.ts?raw";
import states from "./snippets/states.ts?raw";
import swap from "./snippets/swap.ts?raw";

const snippets = [
  { name: "geometry", title: "The three steps", text: geometry },
  { name: "swap", title: "RMSNorm from LayerNorm", text: swap },
  { name: "states", title: "How uniform are states?", text: states },
  { name: "machine", title: "How fast is it?", text: machine },
];

export function startCode(): void {
  byId("snippets").replaceChildren(...snippets.map(card));
}

function card({ name, title, text }: (typeof snippets)[number]): HTMLElement {
  const code = text.trimEnd();
  const shown = make("pre", { tabindex: "0", "aria-label": `Code: ${title}` }, make("code", {}, code));
  const output = make("output", { "aria-label": `Output: ${title}` });
  const run = make("button", { type: "button", class: "primary" }, "Run");
  const take = make("button", { type: "button" }, "Copy");
  take.addEventListener("click", () => copy(code, take, () => select(shown)));
  run.addEventListener("click", () => {
    run.disabled = true;
    const lines: string[] = [];
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const end = (error?: string) => {
      worker.terminate();
      run.disabled = false;
      output.classList.toggle("error", error !== undefined);
      output.textContent = error ?? lines.join("\n");
    };
    worker.addEventListener("message", ({ data }: MessageEvent<{ line?: string; error?: string }>) => {
      if (data.line !== undefined) lines.push(data.line);
      else end(data.error);
    });
    worker.addEventListener("error", (event) => end(event.message || "the worker did not load"));
    worker.postMessage(name);
  });
  return make(
    "article",
    { class: "snippet" },
    make("h3", {}, title),
    shown,
    make("div", { class: "actions" }, run, take),
    output,
  );
}
