/**
 * The end of a zip archive, held against its directory. The library reads as many entries as the end record counts; where the
 * directory has more, arrays would be lost in silence.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10, 4.3.12 (directory), 4.3.14 to 4.3.16 (its end, for zip64 too).
 */
import type { Entry } from "@zip.js/zip.js/lib/zip-core-reader.js";
import { expected } from "./error.js";
import type { Source } from "./source.js";
import { counted } from "./text.js";

const endSize = 22;
const locatorSize = 20;
const recordSize = 56;
/** The longest comment has 65 535 bytes. */
const longestEnd = endSize + 0xffff;
const [endSignature, locatorSignature, recordSignature] = [0x06054b50, 0x07064b50, 0x06064b50];

interface End {
  count: number;
  directory: { bytes: number; position: number };
}

/** @throws FileError unless the end record's count and directory are those of the entries */
export async function checkEnd(source: Source, size: number, entries: readonly Entry[]): Promise<void> {
  const from = Math.max(0, size - longestEnd - locatorSize - recordSize);
  const bytes = new Uint8Array(size - from);
  await source.read(bytes, from);
  const view = new DataView(bytes.buffer);
  const at = endIn(view);
  if (at === null) throw expected(source.name, "a zip archive with an end record", "none");
  const end = await endAt(source, view, at);

  const headers = entries.reduce((sum, entry) => sum + headerSize(entry), 0);
  if (end.count !== entries.length || end.directory.bytes !== headers) {
    const got = `one that counts ${end.count}, whose headers take ${headers} of the directory's ${counted(end.directory.bytes, "byte")}`;
    throw expected(source.name, "an end record that counts the archive's entries", got);
  }
  // Between 2 and 4 GiB Python writes a zip64 record here that nothing refers to.
  const gap = from + at - (end.directory.position + end.directory.bytes);
  if (gap !== 0 && !isRecord(view, at - gap, gap)) {
    throw expected(source.name, "a zip archive whose directory ends at its end record", `${gap} bytes between them`);
  }
}

/** Where the last end record begins whose comment ends with the bytes. */
function endIn(view: DataView): number | null {
  for (let at = view.byteLength - endSize; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature) continue;
    if (at + endSize + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return null;
}

async function endAt(source: Source, view: DataView, at: number): Promise<End> {
  const count = view.getUint16(at + 10, true);
  const [bytes, position] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
  const inOther = count === 0xffff || bytes === 0xffffffff || position === 0xffffffff;
  const locator = at - locatorSize;
  if (!inOther || locator < 0 || view.getUint32(locator, true) !== locatorSignature) {
    return { count, directory: { bytes, position } };
  }
  const record = new DataView(new ArrayBuffer(recordSize));
  await source.read(new Uint8Array(record.buffer), Number(view.getBigUint64(locator + 8, true)));
  const wide = (own: number, most: number, place: number) =>
    own === most ? Number(record.getBigUint64(place, true)) : own;
  return {
    count: wide(count, 0xffff, 32),
    directory: { bytes: wide(bytes, 0xffffffff, 40), position: wide(position, 0xffffffff, 48) },
  };
}

function isRecord(view: DataView, at: number, gap: number): boolean {
  return gap === recordSize + locatorSize && at >= 0 && view.getUint32(at, true) === recordSignature;
}

function headerSize({ rawFilename, rawExtraField = none, rawComment }: Entry): number {
  return 46 + rawFilename.length + rawExtraField.length + rawComment.length;
}

const none = new Uint8Array(0);

/** Whether what an extra field has after its last whole part is padding: up to three zero bytes. zipalign writes them. */
export function isPadded({ rawExtraField = none }: Entry): boolean {
  const view = new DataView(rawExtraField.buffer, rawExtraField.byteOffset, rawExtraField.byteLength);
  let at = 0;
  while (at + 4 <= view.byteLength) at += 4 + view.getUint16(at + 2, true);
  return at <= view.byteLength && rawExtraField.subarray(at).every((byte) => byte === 0);
}
