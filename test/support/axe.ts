/** What axe objects to in a page. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright";

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

interface Axe {
  run(context: string): Promise<{ violations: Violation[] }>;
}

const program = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** Of what a selector finds, by default the whole page: the rule, the elements and why. */
export async function violations(page: Page, selector = "html"): Promise<string[]> {
  await page.evaluate(program);
  const found = await page.evaluate(async (selector) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    return (await axe.run(selector)).violations;
  }, selector);
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary)}`);
}
