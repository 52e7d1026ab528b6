/**
 * The files that a report carries inside it. They are read from beside this module. scripts/build-cli.ts runs it and bundles their
 * texts in its place, so that the command line needs no file beside it.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const beside = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

/** The package of the fonts, which are under the SIL Open Font License 1.1. */
export const fontPackage = "@fontsource-variable/inter";

const { resolve } = createRequire(import.meta.url);

/** The fonts: Latin with its punctuation, and Greek for the formulas. */
export const fonts = [
  {
    file: "inter-latin-wght-normal.woff2",
    range:
      "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212",
  },
  {
    file: "inter-greek-wght-normal.woff2",
    range: "U+0370-0377,U+037A-037F,U+0384-038A,U+038C,U+038E-03A1,U+03A3-03FF",
  },
].map(({ file, range }) => ({
  range,
  base64: readFileSync(resolve(`${fontPackage}/files/${file}`)).toString("base64"),
}));

export const theme = beside("../charts/theme.css");
export const styles = beside("report.css");

/** What answers in the figures is a module, for the explorer. In the page it stands in the one script, and exports nothing. */
export const script = [beside("../charts/values.js").replaceAll(/^export /gm, ""), beside("client.js")].join("\n");
