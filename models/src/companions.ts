/** Files beside a model's weights. */
import { type Folder, readJsonObject, type Source } from "@orthonorm/files";

/** What a JSON file has; null where there is no such file. @throws FileError where it has no object */
export async function readJson(folder: Folder, file: string): Promise<Record<string, unknown> | null> {
  if (!(await folder.names()).includes(file)) return null;
  return using(await folder.open(file), readJsonObject);
}

export async function using<Result>(source: Source, read: (source: Source) => Promise<Result>): Promise<Result> {
  try {
    return await read(source);
  } finally {
    await source.close();
  }
}
