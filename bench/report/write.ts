/** `npm run performance`: both pages about speed, and the figure, from the records in bench/record. */
import { writeFileSync } from "node:fs";
import { pages } from "./pages.js";

for (const [file, text] of Object.entries(pages())) {
  writeFileSync(file, text);
  console.log(`written: ${file}`);
}
