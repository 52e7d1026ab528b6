/** Takes the README's pictures of the built page: `npm run picture --workspace explorer`. */
import { fileURLToPath } from "node:url";
import { launch, serveBuild } from "./browser.js";

const server = await serveBuild();
const browser = await launch();
for (const [colorScheme, name] of [
  ["light", "explorer"],
  ["dark", "explorer-dark"],
] as const) {
  const page = await browser.newPage({ viewport: { width: 1060, height: 680 }, colorScheme, reducedMotion: "reduce" });
  await page.goto(`${server.url}/?step=3`);
  await page.waitForSelector("#scene[data-ready]");
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(1000);
  await page.screenshot({ path: fileURLToPath(new URL(`../../docs/images/${name}.png`, import.meta.url)) });
}
await browser.close();
server.close();
