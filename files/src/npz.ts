/**
 * NumPy's .npz: a zip archive with an entry NAME.npy per array, stored as it is or deflated.
 *
 * The library @zip.js/zip.js reads and checks the directory: zip64, entries that overlap or lie outside of the file, local
 * headers that contradict the directory. The data are not read through it. A stored entry is a range of the file, which is read
 * straight into the caller's bytes; a deflated one goes through the DecompressionStream of the platform, which inflates no more
 * than is asked for. Through the library's streams, which check the CRC too, a stored array of 307 MB is read at 0.3 GB/s at best;
 * as it is done here, at 2.8 GB/s (Node 20, one core).
 *
 * An archive can claim anything, so every claim is checked: the array's header decides how many bytes are inflated, the directory
 * must give the same number, the inflated bytes must end there, and their CRC must be the directory's.
 */
import {
  type Entry,
  type FileEntry,
  type Reader,
  WARNING_DUPLICATE_FILENAME,
  WARNING_MALFORMED_EXTRA_FIELD,
  WARNING_TRAILING_CENTRAL_DIRECTORY_DATA,
  ZipReader,
} from "@zip.js/zip.js/lib/zip-core-reader.js";
import type { Container, StoredTensor, TensorReader } from "./container.js";
import { createCrc } from "./crc.js";
import { expected, FileError } from "./error.js";
import { WrongFormat } from "./formats.js";
import { excerpt } from "./header.js";
import { Inflation } from "./inflation.js";
import { cannotOpen, isNpy, type NpyHeader, readNpyHeader } from "./npy.js";
import { openArray, unreadableArray } from "./npy-array.js";
import { RangeReader, refuseBeyond, tensorOf } from "./range.js";
import type { Source } from "./source.js";
import { counted, printable } from "./text.js";
import { checkEnd, isPadded } from "./zip-end.js";

/** An archive of 40000 arrays has a directory of this size. */
const maximumDirectory = 4 << 20;

/** How many bytes one deflated byte can become at most. */
const greatestRatio = 1032;

const stored = 0;
const deflated = 8;

/** An entry whose local header was checked, and whose data begin at `position`. */
interface Entered {
  tensor: string;
  entry: FileEntry;
  position: number;
}

export async function openNpz(source: Source, size: number): Promise<Container> {
  const { name: file } = source;
  const entries = await entriesOf(source, size);
  if (entries.some(({ filename }) => /^[^/]+\/data\.pkl$/.test(filename))) {
    throw new WrongFormat(file, "a PyTorch checkpoint (save it as safetensors)");
  }
  if (entries.length > 0 && !entries.some(isArray)) {
    throw new WrongFormat(file, "a zip archive without .npy entries");
  }
  const tensors: StoredTensor[] = [];
  for (const entry of entries) tensors.push(isArray(entry) ? await arrayOf(source, entry) : otherEntry(file, entry));
  return { source, format: "npz", metadata: {}, tensors, finish: async () => {} };
}

/**
 * The checks are strict but for one thing. Between 2 and 4 GiB Python writes a zip64 record that nothing refers to, which the
 * library's own strict mode takes for data after the directory.
 */
async function entriesOf(source: Source, size: number): Promise<Entry[]> {
  const zip = new ZipReader(directoryReader(source, size), {
    strictness: "balanced",
    filenameValidation: "tolerant",
    checkLocalFilename: true,
    maxAppendedDataSize: 0,
  });
  const entries = await checked(source.name, () => zip.getEntries());
  for (const { reason, filename } of zip.warnings ?? []) {
    // A name given twice is refused below, where the message has the name, and what trails the directory by checkEnd.
    if (reason === WARNING_TRAILING_CENTRAL_DIRECTORY_DATA || reason === WARNING_DUPLICATE_FILENAME) continue;
    const entry = entries.find((one) => one.filename === filename);
    if (reason === WARNING_MALFORMED_EXTRA_FIELD && entry !== undefined && isPadded(entry)) continue;
    const where = filename === undefined ? "" : ` at "${printable(filename)}"`;
    throw expected(source.name, "a sound zip archive", `one that is not (${reason}${where})`);
  }
  await checkEnd(source, size, entries);
  const names = new Set<string>();
  for (const { filename } of entries) {
    if (names.has(filename)) throw expected(source.name, "every entry once", `"${printable(filename)}" again`);
    names.add(filename);
  }
  return entries;
}

function isArray(entry: Entry): entry is FileEntry {
  return !entry.directory && entry.filename.endsWith(".npy");
}

async function arrayOf(source: Source, entry: FileEntry): Promise<StoredTensor> {
  const tensor = entry.filename.slice(0, -".npy".length);
  const where = `${source.name} tensor "${tensor}"`;
  if (entry.encrypted) throw expected(where, "no encryption", "an encrypted entry");
  if (entry.compressionMethod !== stored && entry.compressionMethod !== deflated) {
    throw expected(where, "to be stored or deflated", `compression method ${entry.compressionMethod}`);
  }
  if (entry.compressionMethod === stored && entry.compressedSize !== entry.uncompressedSize) {
    throw expected(
      where,
      "to be as long as it is stored",
      `${entry.uncompressedSize} of ${entry.compressedSize} bytes`,
    );
  }
  // Reads the entry's local header only, and holds it against the directory and the other entries.
  await checked(where, () => entry.getData(new WritableStream(), { checkOverlappingEntryOnly: true }));
  const entered = { tensor, entry, position: entry.localDirectory?.dataOffset as number };
  const header = await headerOf(source, where, entered);
  const bytes = header.bytes ?? 0;
  const isStored = entry.compressionMethod === stored;
  const unreadable = unreadableArray(header, isStored);
  return {
    name: tensor,
    dtype: header.dtype,
    shape: header.shape,
    bytes,
    unreadable,
    async open() {
      if (unreadable !== null) throw cannotOpen(source.name, tensor, unreadable);
      const inOrder = () => openEntry(source, entered, header);
      // Read here and there its CRC cannot be had, so the entry is then read once more, in its order.
      const place = {
        source,
        position: entered.position + header.position,
        finish: async () => drain(await inOrder(), bytes),
      };
      return openArray(
        { name: tensor, shape: header.shape, bytes, stored: header.stored },
        inOrder,
        isStored ? place : null,
      );
    },
  };
}

/** Entries that are no arrays are named, and not read. */
function otherEntry(file: string, { filename, uncompressedSize, directory }: Entry): StoredTensor {
  const unreadable = directory ? "a folder" : "no .npy entry";
  return {
    name: filename,
    dtype: "U8",
    shape: [uncompressedSize],
    bytes: uncompressedSize,
    unreadable,
    async open() {
      throw cannotOpen(file, filename, unreadable);
    },
  };
}

/** The ranges that the zip library asks for, cut off at the end of the file, as it expects them. */
function directoryReader(source: Source, size: number): Reader<unknown> {
  const reader = {
    size,
    async readUint8Array(position: number, length: number): Promise<Uint8Array> {
      if (length > maximumDirectory) {
        throw expected(source.name, `a zip directory of at most ${maximumDirectory} bytes`, `${length}`);
      }
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)));
      if (bytes.length > 0) await source.read(bytes, position);
      return bytes;
    },
  };
  // The library calls no other method of a Reader as long as no data are read through it.
  return reader as Partial<Reader<unknown>> as Reader<unknown>;
}

/** Where the zip library throws, the archive is broken. */
async function checked<T>(where: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FileError) throw error;
    const { message, reason } = error as Error & { reason?: string };
    throw expected(where, "a sound zip archive", excerpt(`one that is not (${(reason ?? message).toLowerCase()})`));
  }
}

async function headerOf(source: Source, where: string, entered: Entered): Promise<NpyHeader> {
  const { entry, position } = entered;
  const { compressedSize, uncompressedSize: size } = entry;
  if (compressedSize * greatestRatio < size) {
    const most = `at most ${compressedSize * greatestRatio} bytes, what ${compressedSize} deflated bytes can hold`;
    throw expected(where, most, `a directory that says ${size}`);
  }
  if (size < 8) throw expected(where, "a NumPy array", `an entry of ${counted(size, "byte")}`);
  let taken = 0;
  const inflation = entry.compressionMethod === deflated ? new Inflation(source, position, compressedSize) : null;
  const next = async (into: Uint8Array) => {
    if (inflation === null) await source.read(into, position + taken);
    else await fill(where, inflation, into);
    taken += into.length;
  };
  try {
    const start = new Uint8Array(8);
    await next(start);
    if (!isNpy(start)) throw expected(where, "a NumPy array", "an entry that does not begin like one");
    return await readNpyHeader(where, size, start, next);
  } finally {
    await inflation?.close();
  }
}

async function openEntry(
  source: Source,
  { tensor, entry, position }: Entered,
  header: NpyHeader,
): Promise<TensorReader> {
  const where = `${source.name} tensor "${tensor}"`;
  const bytes = header.bytes ?? 0;
  const crc = await createCrc();
  const checkCrc = () => {
    // Only encrypted entries can be without.
    const said = entry.crc32 as number;
    const got = crc.value();
    if (got !== said) throw expected(where, `bytes of CRC-32 ${hex(said)}, as the directory says`, hex(got));
  };
  const begin = new Uint8Array(header.position);

  if (entry.compressionMethod === stored) {
    await source.read(begin, position);
    crc.update(begin);
    if (bytes === 0) checkCrc();
    return new RangeReader(source, tensor, position + begin.length, bytes, (seen) => crc.update(seen), checkCrc);
  }

  const inflation = new Inflation(source, position, entry.compressedSize);
  const finish = async () => {
    if ((await inflation.take(where, new Uint8Array(1))) > 0) {
      throw expected(source.name, tensorOf(tensor, bytes), "more when inflated");
    }
    checkCrc();
  };
  try {
    await fill(where, inflation, begin);
    crc.update(begin);
    if (bytes === 0) await finish();
  } catch (error) {
    await inflation.close();
    throw error;
  }
  let done = 0;
  return {
    async read(into) {
      refuseBeyond(bytes - done, into);
      const got = await inflation.take(where, into);
      if (got < into.length) {
        throw expected(source.name, tensorOf(tensor, bytes), `${done + got}: its deflated bytes end there`);
      }
      crc.update(into);
      done += got;
      if (into.length > 0 && done === bytes) await finish();
    },
    close: () => inflation.close(),
  };
}

/** Reads a tensor to its end, for the checks that are made there. */
async function drain(reader: TensorReader, bytes: number): Promise<void> {
  const block = new Uint8Array(Math.min(bytes, 1 << 20));
  for (let done = 0; done < bytes; done += block.length) await reader.read(block.subarray(0, bytes - done));
}

/** Fills `into` with a part of a header. Its length was only claimed, so the entry may end before. */
async function fill(where: string, inflation: Inflation, into: Uint8Array): Promise<void> {
  const got = await inflation.take(where, into);
  if (got < into.length) throw expected(where, "a whole NumPy header", "deflated bytes that end before it does");
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
