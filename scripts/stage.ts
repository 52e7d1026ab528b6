/**
 * The package as it is published, in a folder of its own: the built files, the documentation, and a manifest with neither
 * scripts nor tools, so that installing it runs nothing. In a clone the same manifest has to build, and cannot be published.
 *
 * Links lead somewhere in both places. README.md and CHANGELOG.md are also shown on the registry's page, where nothing lies
 * beside them, so all of their links become addresses; in the other pages those do that lead out of the package.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the repository's files can be read, as pages and as they are. */
export const repository = "https://github.com/orthonorm/orthonorm";
const raw = "https://raw.githubusercontent.com/orthonorm/orthonorm/main";

const clone = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Is this path, relative to the root, one of the manifest's `files`, or in one of its folders? */
function isShipped(path: string): boolean {
  const isIn = (name: string) => path === name || path.startsWith(`${name}/`);
  const files: string[] = clone.files;
  return files.some(isIn) && !files.some((name) => name.startsWith("!") && isIn(name.slice(1)));
}

/** Puts the package into a folder, which is emptied first. */
export function stage(folder: string): void {
  if (!existsSync(join(root, "dist/cli/orthonorm.js")))
    throw new Error("pack: dist expected a build, got none: npm run build");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(root).filter(isShipped)) {
    const filter = (path: string) => isShipped(relative(root, path).split(sep).join("/"));
    cpSync(join(root, name), join(folder, name), { recursive: true, filter });
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  for (const page of pages(folder)) {
    const text = readFileSync(join(folder, page), "utf8");
    writeFileSync(join(folder, page), withAddresses(text, page, dirname(page) === "."));
  }
}

/** The clone's manifest without what is of use in a clone alone. */
function manifest(): object {
  const { private: _, scripts, devDependencies, workspaces, ...published } = clone;
  return published;
}

/** The Markdown of a package, relative to its folder. */
export function pages(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".md") && !path.startsWith("dist/"));
}

/** A link or picture: in Markdown, and in the HTML that README.md has for its pictures. */
const links = /(?<=\]\()(?<target>[^)\s]+)(?=\))|(?<=\b(?:src|srcset)=")(?<source>[^"]+)(?=")/g;

function withAddresses(text: string, page: string, all: boolean): string {
  return outsideCode(text, (prose) =>
    prose.replace(links, (link) => {
      if (/^([a-z]+:|#)/.test(link)) return link;
      const [path, heading] = link.split("#");
      const target = posix.join(posix.dirname(page), path);
      return isShipped(target) && !all ? link : addressOf(target) + (heading === undefined ? "" : `#${heading}`);
    }),
  );
}

function addressOf(target: string): string {
  if (/\.(png|svg)$/.test(target)) return `${raw}/${target}`;
  const kind = statSync(join(root, target)).isDirectory() ? "tree" : "blob";
  return `${repository}/${kind}/main/${target}`;
}

/** Changes a page's prose and lets its code blocks be. */
export function outsideCode(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, i) => (i % 2 === 0 ? change(part) : part))
    .join("");
}
