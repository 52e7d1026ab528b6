/** The built page as a person meets it: served from a folder, in a browser that has never seen it. */
import { fileURLToPath } from "node:url";
import { type Browser, chromium as driver } from "playwright";
import { chromium, launchOptions } from "../../test/support/browsers.js";
import { serve } from "../../test/support/serve.js";

/** Without a GPU, WebGL is drawn by SwiftShader, and has to be asked for. */
const software = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];

/** A new browser with a profile of its own. */
export function launch(...args: string[]): Promise<Browser> {
  const options = launchOptions(chromium, [...software, ...args]);
  return driver.launch({ ...options, args: options.args?.filter((one) => one !== "--disable-gpu") });
}

export const serveBuild = () => serve(fileURLToPath(new URL("../dist", import.meta.url)));
