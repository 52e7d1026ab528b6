/** Light, dark, or as the system has it. */
import { byId } from "./page.js";

const key = "orthonorm-theme";
const order = ["system", "light", "dark"] as const;
type Theme = (typeof order)[number];

/** @param changed told when colours are others than before, be it by the button or by the system */
export function startTheme(changed: () => void): void {
  const button = byId<HTMLButtonElement>("theme");
  const root = document.documentElement;
  const current = (): Theme => (root.dataset.theme as Theme | undefined) ?? "system";
  const name = () => {
    button.textContent = `Theme: ${current()}`;
  };
  name();
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(current()) + 1) % order.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem(key, next);
    } catch {
      // storage is forbidden here: the choice holds as long as the page is open
    }
    name();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
