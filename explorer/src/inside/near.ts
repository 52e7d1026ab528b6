/** Loads the panel, its models and its worker when the reader comes near to it: the first view has no need of them. */
import { byId } from "../page.js";
import { say } from "../work.js";

export function startInsideWhenNear(): void {
  const host = byId("inside-live");
  const observer = new IntersectionObserver(
    async (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      try {
        const { startInside } = await import("./panel.js");
        startInside();
      } catch (error) {
        say(host, "error", `the panel expected to be loaded, got: ${(error as Error).message}`);
      }
    },
    { rootMargin: "400px" },
  );
  observer.observe(host);
}
