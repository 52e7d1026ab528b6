/** Files that were dropped or chosen, as a worker takes them. */
import type { GivenFile } from "./messages.js";

export interface Given {
  files: GivenFile[];
  /** What they lie in; "" where they came by themselves. */
  folder: string;
}

/** What a model may be made of. A folder may have much else, which no worker needs. */
const wanted = /\.(safetensors|json|bin)$/;

/** From an input, which tells a folder by the paths of its files. */
export function givenFiles(files: readonly File[]): Given {
  const [folder = ""] = (files[0]?.webkitRelativePath ?? "").split("/").slice(0, -1);
  const direct = files.filter(({ webkitRelativePath: path }) => path === "" || path.split("/").length === 2);
  return given(direct, folder);
}

/** From what is dropped: one folder, or files. It has to be asked before the drop is over. */
export async function droppedFiles(transfer: DataTransfer): Promise<Given> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const loose = [...transfer.files];
  const folder = entries.find((entry): entry is FileSystemDirectoryEntry => entry.isDirectory);
  if (folder === undefined) return given(loose, "");
  return given(await filesIn(folder), folder.name);
}

function given(files: readonly File[], folder: string): Given {
  const some = files.length === 1 ? files : files.filter(({ name }) => wanted.test(name));
  return { files: some.map((file) => ({ from: file, name: file.name })), folder };
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // A reader gives some at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return files;
    for (const entry of some) {
      if (entry.isFile) {
        files.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
      }
    }
  }
}
