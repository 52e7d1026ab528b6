/** How each library lays out the zip archive of an .npz. */
import { crc32 } from "../tensor-files.js";

export interface ArchiveEntry {
  name: string;
  data: Uint8Array;
  /** The same, deflated; without it the entry is stored. */
  deflated?: Uint8Array;
}

export interface ZipHabit {
  /** The least version of the format that a reader must know, in tenths, in both headers of an entry. */
  needed: number;
  /** The version that wrote the archive; in its upper byte, 3 for Unix. */
  madeBy: number;
  /** MS-DOS time and date, in one number. */
  modified: number;
  /** The permissions of a file on Unix, in the upper half. */
  attributes?: number;
  /**
   * How the local header has its zip64 record, which Python adds since NumPy asks for it whatever the size: beside the sizes, or
   * instead of them. The directory never has one.
   */
  zip64?: "beside" | "instead";
  /** Whether the CRC and the sizes follow the data, since the output cannot be rewound. */
  descriptor?: boolean;
  /** Whether the flag that names are in UTF-8 is left out even where they are not ASCII. */
  unflaggedNames?: boolean;
}

/** 1 January 1980, where the calendar of MS-DOS begins. */
const epoch = 0x21_0000;

/** Python's zipfile before 3.11.4, and as it is since then. */
export const python: ZipHabit = {
  needed: 45,
  madeBy: 0x032d,
  modified: epoch,
  attributes: 0o600 << 16,
  zip64: "instead",
};
export const olderPython: ZipHabit = { ...python, needed: 20, madeBy: 0x0314, zip64: "beside" };
/** NumPy up to 1.13 wrote a temporary file first, whose own time the archive has. */
export const temporaryFile: ZipHabit = {
  needed: 20,
  madeBy: 0x0314,
  modified: 0x4b6a_6b20,
  attributes: 0o100600 << 16,
};
export const cnpy: ZipHabit = { needed: 20, madeBy: 20, modified: 0, unflaggedNames: true };
export const numpyTs: ZipHabit = { needed: 10, madeBy: 20, modified: epoch, unflaggedNames: true };

export function archive(entries: readonly ArchiveEntry[], habit: ZipHabit): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const local = localEntry(entry, habit);
    locals.push(local);
    directory.push(directoryEntry(entry, habit, offset));
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = [u32(0x06054b50), u16(0), u16(0), u16(entries.length), u16(entries.length)];
  return Buffer.concat([...locals, listing, ...end, u32(listing.length), u32(offset), u16(0)]);
}

function localEntry(entry: ArchiveEntry, habit: ZipHabit): Buffer {
  const { data, deflated } = entry;
  const { zip64, descriptor = false } = habit;
  const body = deflated ?? data;
  const known = descriptor
    ? { crc: 0, size: 0, packed: 0 }
    : { crc: crc32(data), size: data.length, packed: body.length };
  const [packed, size] = zip64 === "instead" ? [0xffffffff, 0xffffffff] : [known.packed, known.size];
  const extra = zip64 === undefined ? [] : [u16(1), u16(16), u64(known.size), u64(known.packed)];
  const name = Buffer.from(entry.name);
  const sizes = [u32(known.crc), u32(packed), u32(size), u16(name.length), u16(Buffer.concat(extra).length)];
  const after = descriptor ? [u32(0x08074b50), u32(crc32(data)), u64(body.length), u64(data.length)] : [];
  return Buffer.concat([u32(0x04034b50), ...common(entry, habit), ...sizes, name, ...extra, body, ...after]);
}

function directoryEntry(entry: ArchiveEntry, habit: ZipHabit, offset: number): Buffer {
  const { data, deflated = data } = entry;
  const name = Buffer.from(entry.name);
  const sizes = [u32(crc32(data)), u32(deflated.length), u32(data.length), u16(name.length), u16(0)];
  const rest = [u16(0), u16(0), u16(0), u32(habit.attributes ?? 0), u32(offset)];
  return Buffer.concat([u32(0x02014b50), u16(habit.madeBy), ...common(entry, habit), ...sizes, ...rest, name]);
}

/** What both headers of an entry begin with. */
function common(
  { name, deflated }: ArchiveEntry,
  { needed, modified, descriptor, unflaggedNames }: ZipHabit,
): Buffer[] {
  const inUtf8 = !unflaggedNames && Buffer.from(name).length > name.length;
  const flags = (descriptor ? 8 : 0) | (inUtf8 ? 0x800 : 0);
  const least = deflated === undefined ? needed : Math.max(20, needed);
  return [u16(least), u16(flags), u16(deflated === undefined ? 0 : 8), u32(modified)];
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
