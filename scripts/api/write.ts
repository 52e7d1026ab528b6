/**
 * `npm run api`: docs/api from the docstrings, a page per entry of the package. The pages are in git, so that they can be read on
 * the repository's host and in the package. `-- --check` writes nothing, and fails where they are not what the docstrings give.
 *
 * A workspace of its own, for typedoc asks for TypeScript 6 where the rest has 7.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = fileURLToPath(new URL("../../docs/api", import.meta.url));

type Pages = { [name: string]: string };

const read = (from: string): Pages =>
  Object.fromEntries(
    (existsSync(from) ? readdirSync(from) : []).sort().map((name) => [name, readFileSync(join(from, name), "utf8")]),
  );

/** What typedoc makes of the docstrings, with the package's names for its entries. */
function generate(): Pages {
  const out = mkdtempSync(join(tmpdir(), "orthonorm-api-"));
  try {
    const typedoc = fileURLToPath(import.meta.resolve("typedoc/package.json")).replace("package.json", "bin/typedoc");
    execFileSync(process.execPath, [typedoc, "--options", join(here, "typedoc.json"), "--out", out], {
      cwd: here,
      stdio: "inherit",
    });
    return named(read(out));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The package's names for its entries, in place of their files': `orthonorm` for index, `orthonorm/threads` for threads. */
function named(pages: Pages): Pages {
  const note = "<!-- Written by `npm run api` from the docstrings in bindings/. Change those instead. -->\n\n";
  const rename = (text: string) =>
    text
      .replace(/^# index$/m, "# orthonorm")
      .replace(/^# reference$/m, "# orthonorm/reference")
      .replace(/^# threads$/m, "# orthonorm/threads")
      .replace("[threads](threads.md)", "[orthonorm/threads](threads.md)")
      .replace("[index](index.md)", "[orthonorm](index.md)")
      .replace("[reference](reference.md)", "[orthonorm/reference](reference.md)")
      .replaceAll("](index.md", "](orthonorm.md");
  return Object.fromEntries(
    Object.entries(pages).map(([name, text]) => [name === "index.md" ? "orthonorm.md" : name, note + rename(text)]),
  );
}

const pages = generate();
const before = read(folder);
const changed = [...new Set([...Object.keys(pages), ...Object.keys(before)])].filter(
  (name) => pages[name] !== before[name],
);
if (!process.argv.includes("--check")) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(folder, name), text);
  console.log(changed.length === 0 ? "docs/api is as it was" : `written in docs/api: ${changed.join(", ")}`);
} else if (changed.length > 0) {
  console.error(`docs/api expected what the docstrings give, got another ${changed.join(", ")}: npm run api`);
  process.exitCode = 1;
}
