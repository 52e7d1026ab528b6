import { startCode } from "./code/panel.js";
import { startDimensions } from "./dimensions/panel.js";
import { repaint, startGeometry } from "./geometry/panel.js";
import { startInsideWhenNear } from "./inside/near.js";
import { startMachine } from "./machine/panel.js";
import { startStates } from "./states/panel.js";
import { startTheme } from "./theme.js";

startTheme(repaint);
// before the others: where the address asks for it, it is loaded while they begin
startInsideWhenNear();
startGeometry();
startDimensions();
startStates();
startMachine();
startCode();

// last of all: what it fetches must not be in the way of the page's first picture
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  addEventListener("load", () => navigator.serviceWorker.register("./service-worker.js").catch(() => {}));
}
