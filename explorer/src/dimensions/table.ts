/** The values of the figures as a table, for those who read rather than look. */
import { fixed } from "../geometry/numbers.js";
import { make } from "../page.js";
import { type Model, overChance } from "./models.js";

const heads = ["states", "d", "rows", "θ", "±", "|90° − θ|", "chance", "× chance", "norms apart"];

export function tableOf(models: readonly Model[]): HTMLElement {
  const head = make("tr", {}, ...heads.map((name) => make("th", { scope: "col" }, name)));
  const measured = models.filter(({ states }) => states.length > 0);
  const bodies = measured.map(({ name, from, states }) => {
    const whose = from === "given" ? `${name} (given)` : name;
    return make(
      "tbody",
      {},
      make("tr", {}, make("th", { scope: "rowgroup", colspan: String(heads.length) }, whose)),
      ...states.map((one) => {
        const cells = [
          String(one.d),
          String(one.rows),
          `${fixed(one.angle.mean, 2)}°`,
          `${fixed(one.angle.sd, 2)}°`,
          `${fixed(one.tilt, 2)}°`,
          `${fixed(one.chance, 2)}°`,
          fixed(overChance(one), 2),
          `${fixed(100 * one.apart, 1)} %`,
        ];
        return make("tr", {}, make("th", { scope: "row" }, one.name), ...cells.map((cell) => make("td", {}, cell)));
      }),
    );
  });
  const table = make("table", {}, make("thead", {}, head), ...bodies);
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Values of the figures" }, table);
}
