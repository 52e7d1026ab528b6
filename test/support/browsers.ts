// The browsers that this machine has: programs of well-known names on PATH, or what the environment names instead.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { LaunchOptions } from "playwright";

export interface Browser<Name extends string = string> {
  readonly name: Name;
  /** The program; null where this machine has none. */
  readonly path: string | null;
  /** How it can be given to the tests, for those who read that it is missing. */
  readonly wanted: string;
}

export const chromium = find("chromium", "CHROMIUM_PATH", [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "microsoft-edge",
]);
export const firefox = find("firefox", "FIREFOX_PATH", ["firefox-esr", "firefox"]);
/** WebKit's own driver, which needs a display: Playwright's WebKit is a build of its own. */
export const webkit = withDisplay(find("webkit", "WEBKIT_DRIVER_PATH", ["WebKitWebDriver"]));

/** `npm test` runs in those that are there; with REQUIRE_BROWSERS=1 none may be missing. */
export const browsers: readonly Browser[] = [chromium, firefox, webkit];

/** What Playwright needs to launch one of them, with further arguments. */
export function launchOptions({ name, path }: Browser, args: readonly string[] = []): LaunchOptions {
  if (path === null) throw new Error(`${name}: expected a browser on this machine, got none`);
  // as root, as in containers, Chromium has no sandbox; the rest keeps it from asking for what tests have no use for
  const quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  if (name === "chromium") return { executablePath: path, args: [...quiet, ...args] };
  // a Firefox as Mozilla or Debian builds it, not Playwright's own
  return { executablePath: path, channel: "moz-firefox", args: [...args] };
}

function find<Name extends string>(name: Name, variable: string, programs: readonly string[]): Browser<Name> {
  const given = process.env[variable];
  const found = given ? [given].find(isProgram) : onPath(programs);
  return { name, path: found ?? null, wanted: `${programs.join(" or ")} on PATH, or ${variable}` };
}

function withDisplay(browser: Browser): Browser {
  const display = process.env.DISPLAY || onPath(["Xvfb"]);
  return { ...browser, path: display ? browser.path : null, wanted: `${browser.wanted}; and Xvfb, or DISPLAY` };
}

function onPath(programs: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return programs.flatMap((program) => folders.map((folder) => join(folder, program))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
