/** Where a path leads, also where what it leads to is not there yet: a file is written there, and links stay links. */
import { readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** What links may lead through on their way to a file, as Linux has it. */
const maximumLinks = 40;

/** @throws an error of the code ELOOP, as the system has it, for a link that leads to itself */
export async function followed(path: string): Promise<string> {
  let to = resolve(path);
  for (let links = 0; links < maximumLinks; links++) {
    const real = await realpath(to).catch(() => null);
    if (real !== null) return real;
    const folder = await followedFolder(dirname(to));
    const link = await readlink(to).catch(() => null);
    if (link === null) return join(folder, basename(to));
    to = resolve(folder, link);
  }
  throw Object.assign(new Error(`ELOOP: too many symbolic links encountered, '${path}'`), { code: "ELOOP" });
}

/** As far as it is there. */
async function followedFolder(folder: string): Promise<string> {
  const real = await realpath(folder).catch(() => null);
  if (real !== null) return real;
  const above = dirname(folder);
  return above === folder ? folder : join(await followedFolder(above), basename(folder));
}
