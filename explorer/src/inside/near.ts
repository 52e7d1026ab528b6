/** Loads the panel, its models and its worker when the reader comes near to it: the first view has no need of them. */
import { byId } from "../page.js";
import { say } from "../work.js";

export function startInsideWhenNear(): void {
  const host = byId("inside-live");
  let asked = false;
  const start = async () => {
    if (asked) return;
    asked = true;
    observer.disconnect();
    try {
      const { startInside } = await import("./panel.js");
      startInside();
    } catch (error) {
      say(host, "error", `the panel expected to be loaded, got: ${(error as Error).message}`);
    }
  };
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) start();
    },
    { rootMargin: "400px" },
  );
  observer.observe(host);
  // Whoever comes by a link to it need not wait for the first frame, which draws the scene too.
  if (location.hash === "#inside") start();
}
