/** The snippets: texts that can be changed, run and passed on in a link. */
import { onRest } from "../geometry/panel.js";
import { byId, copy, make, select } from "../page.js";
import { Card } from "./card.js";
import { fromHash } from "./link.js";
import geometry from "./snippets/geometry.ts?raw";
import machine from "./snippets/machine.ts?raw";
import states from "./snippets/states.ts?raw";
import swap from "./snippets/swap.ts?raw";

const cards = [
  new Card("geometry", "The three steps", geometry),
  new Card("swap", "RMSNorm from LayerNorm", swap),
  new Card("states", "How uniform are random directions?", states),
  new Card("machine", "How fast is it?", machine),
];

export function startCode(): void {
  const host = byId("snippets");
  host.replaceChildren(...cards.map(({ element }) => element));
  onRest((x) => {
    for (const card of cards) card.take(x);
  });
  takeLink();
  addEventListener("hashchange", takeLink);
  const near = new IntersectionObserver(
    ([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      near.disconnect();
      loadEditors();
    },
    { rootMargin: "600px" },
  );
  near.observe(host);
  const recipe = byId("recipe");
  // its lines are long: it can be scrolled, and so by keys too
  recipe.tabIndex = 0;
  recipe.setAttribute("aria-label", "Code: states of a PyTorch model");
  const button = byId<HTMLButtonElement>("copy-recipe");
  button.addEventListener("click", () => copy(recipe.textContent ?? "", button, () => select(recipe)));
}

/** An editor a task: to make all four at once would hold the page up. */
async function loadEditors(): Promise<void> {
  const { openEditor } = await import("./editor.js");
  for (const card of cards) {
    card.open(openEditor);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** Shows the text that the address brings. It is run when the reader says so, and not before. */
function takeLink(): void {
  if (!location.hash.startsWith("#code=")) return;
  const linked = fromHash(location.hash);
  const card = cards.find(({ name }) => name === linked?.name);
  if (linked !== undefined && card !== undefined) card.bring(linked.text);
  else
    byId("snippets").before(
      make("p", { class: "error", role: "alert" }, "The link expected code that can be read, got something else."),
    );
  (card?.element ?? byId("code")).scrollIntoView();
}
