/** Loads the panel, its models and its workers when the reader comes near to it: the first view has no need of them. */
import { whenNear } from "../near.js";
import { byId } from "../page.js";
import { say } from "../work.js";

export function startInsideWhenNear(): void {
  const host = byId("inside-live");
  const start = async () => {
    try {
      const { startInside } = await import("./panel.js");
      startInside();
    } catch (error) {
      say(host, "error", `the panel expected to be loaded, got: ${(error as Error).message}`);
    }
  };
  // whoever comes by a link to it need not wait until it is found to be in sight
  if (location.hash === "#inside") start();
  else whenNear(host, 400, start);
}
