/**
 * Safetensors: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes.
 *
 *   { "name": { "dtype": "F32", "shape": [rows, cols], "data_offsets": [begin, end] }, …, "__metadata__": { … } }
 *
 * The reader is our own because no kept library reads a local file soundly. npm's `safetensors` 0.0.1 is a browser stub
 * with an IndexedDB cache that checks nothing (a header length of 2⁶⁰ or offsets past the end pass silently).
 * `@huggingface/hub` 2.17.5 reads headers of repositories on its hub only, over fetch, leaves data_offsets unchecked
 * against dtype and shape on purpose, returns no tensors, and installs 12 MB for it. Checked here is what the format's
 * Rust implementation checks: every range fits its dtype and shape, and the ranges tile the data without gap or overlap.
 * That also defuses a name given twice, of which JSON.parse keeps the last only: the other's bytes are then a gap.
 *
 * Only ranges of the file are read, never the whole of it.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { StudyFailure } from "./failure.js";
import { counted, printable } from "./text.js";

export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  /** Where the tensor's bytes begin in the file, and how many there are. */
  position: number;
  bytes: number;
}

export interface SafetensorsHeader {
  tensors: TensorEntry[];
  metadata: Record<string, string>;
}

/** The format's own limit on the header. */
const maximumHeader = 100_000_000;

const bitsOf: Record<string, number> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  F8_E4M3: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2: 8,
  F8_E5M2FNUZ: 8,
  F8_E8M0: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
  C64: 64,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  BOOL: 8,
};

/** An open file: its checked header, and its bytes by range. */
export class SafetensorsFile {
  private constructor(
    /** What the file is called in messages and in the output. */
    readonly name: string,
    readonly header: SafetensorsHeader,
    private readonly handle: FileHandle,
  ) {}

  /** @throws StudyFailure where the file cannot be read or is not safetensors to the letter. */
  static async open(path: string, name = path): Promise<SafetensorsFile> {
    let handle: FileHandle;
    try {
      // Asked before opening: opening a pipe that nobody writes to would wait for ever.
      const kind = await stat(path);
      if (kind.isDirectory()) throw expected(name, "a .safetensors file", "a directory");
      if (!kind.isFile()) throw expected(name, "a regular file (it is read by ranges)", "a pipe or device");
      handle = await open(path, "r");
    } catch (error) {
      throw error instanceof StudyFailure ? error : expected(name, "a file that can be read", systemReason(error));
    }
    try {
      return new SafetensorsFile(name, await readHeader(name, handle), handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Fills `into` with the bytes of the file from `position` on. */
  async read(into: Uint8Array, position: number): Promise<void> {
    const got = await readFully(this.name, this.handle, into, position);
    if (got < into.length) {
      throw expected(
        this.name,
        `${into.length} bytes at byte ${position}`,
        `${got}: it was shortened while being read`,
      );
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

async function readHeader(file: string, handle: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  const start = new Uint8Array(8);
  if ((await readFully(file, handle, start, 0)) < 8) {
    throw expected(file, "at least the 8 bytes of a header length", `a file of ${counted(size, "byte")}`);
  }
  const announced = new DataView(start.buffer).getBigUint64(0, true);
  const other = otherFormat(start);
  if (announced > BigInt(maximumHeader)) {
    throw expected(file, `a header of at most ${maximumHeader} bytes`, other ?? `a header length of ${announced}`);
  }
  const length = Number(announced);
  if (8 + length > size) {
    const got = other ?? `a file of ${size} bytes whose header claims ${length}`;
    throw expected(file, "a header that fits in the file", got);
  }
  const bytes = new Uint8Array(length);
  if ((await readFully(file, handle, bytes, 8)) < length) {
    throw expected(file, `${length} bytes of header`, "fewer: it was shortened while being read");
  }
  return parseHeader(file, bytes, size - 8 - length);
}

/**
 * Checks a header against the `dataBytes` bytes that follow it.
 *
 * @throws StudyFailure naming the file, the tensor and the first thing that does not hold.
 */
export function parseHeader(file: string, bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw expected(file, "a JSON header", "text that is not valid JSON");
  }
  if (!isObject(parsed)) throw expected(file, "a JSON object as header", kindOf(parsed));

  const metadata: Record<string, string> = Object.create(null);
  const tensors: TensorEntry[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "__metadata__") readMetadata(file, value, metadata);
    else tensors.push(readEntry(file, name, value, dataBytes));
  }

  // In the order of their bytes the tensors must follow each other exactly, the first at 0 and the last to the end.
  const data = 8 + bytes.length;
  const inOrder = tensors.slice().sort((a, b) => a.position - b.position || a.bytes - b.bytes);
  let end = 0;
  for (const { name, position, bytes: size } of inOrder) {
    if (position !== end) {
      const fault = position < end ? "overlaps the tensor before it" : "leaves a gap before it";
      throw expected(
        file,
        `tensor "${printable(name)}" to begin at byte ${end} of the data`,
        `${position}: it ${fault}`,
      );
    }
    end += size;
  }
  if (end !== dataBytes) {
    throw expected(file, `${counted(end, "byte")} of data, the sum of its tensors`, `${dataBytes}`);
  }
  for (const tensor of tensors) tensor.position += data;
  return { tensors, metadata };
}

function readMetadata(file: string, value: unknown, metadata: Record<string, string>): void {
  if (!isObject(value)) throw expected(file, "__metadata__ to be an object of strings", kindOf(value));
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      throw expected(file, `__metadata__ "${printable(key)}" to be a string`, kindOf(text));
    }
    metadata[key] = text;
  }
}

/** One tensor of the header; its position is still counted from the start of the data. */
function readEntry(file: string, name: string, value: unknown, dataBytes: number): TensorEntry {
  const tensor = `tensor "${printable(name)}"`;
  if (!isObject(value)) throw expected(file, `${tensor} to be an object`, kindOf(value));

  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(bitsOf, dtype)) {
    throw expected(file, `${tensor} to have a dtype of the format`, shown(dtype));
  }
  if (!isSizes(shape)) {
    throw expected(file, `${tensor} to have a shape of non-negative integers`, shown(shape));
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw expected(file, `${tensor} to have data_offsets [begin, end]`, shown(offsets));
  }
  const [begin, end] = offsets;
  if (begin > end || end > dataBytes) {
    const room = `within the ${counted(dataBytes, "byte")} of data`;
    throw expected(file, `${tensor} to have data_offsets ${room}`, `[${begin}, ${end}]`);
  }
  // A size of zero makes the tensor empty however large the others are; multiplied out, they could overflow before it.
  const bits = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, bitsOf[dtype]);
  if (!Number.isSafeInteger(bits) || bits !== (end - begin) * 8) {
    const needed = Number.isSafeInteger(bits)
      ? `${Math.ceil(bits / 8)} bytes`
      : "a number of bytes that can be addressed";
    throw expected(file, `${tensor} (${dtype} [${shape.join(", ")}]) to take ${needed}`, `${end - begin}`);
  }
  return { name, dtype, shape, position: begin, bytes: end - begin };
}

async function readFully(file: string, handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let got = 0;
  try {
    while (got < into.length) {
      const { bytesRead } = await handle.read(into, got, into.length - got, position + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
  } catch (error) {
    throw expected(file, "a file that can be read", systemReason(error));
  }
  return got;
}

/** What people hand over by mistake, by its first bytes. */
function otherFormat(start: Uint8Array): string | null {
  const text = String.fromCharCode(...start);
  if (text.startsWith("PK")) return "a zip archive (a PyTorch checkpoint or .npz? save it as safetensors)";
  if (text.startsWith("\x93NUMPY")) return "a NumPy array (save it as safetensors)";
  if (text.startsWith("GGUF")) return "a GGUF file";
  if (text.startsWith("\x80")) return "a Python pickle (save it as safetensors)";
  if (text.startsWith("version ")) return "a Git LFS pointer (fetch the file itself: git lfs pull)";
  if (/^\s*[{[]/.test(text)) return "a JSON file";
  if (/^[\x20-\x7e\s]{8}$/.test(text)) return "a text file";
  return null;
}

/** The reason of a failed system call in words. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES" || code === "EPERM") return "no permission";
  if (code === "EISDIR") return "a directory";
  if (code === "ENOTDIR") return "a path through something that is not a directory";
  if (code === "ENOSPC") return "no space left on the device";
  if (code === "EROFS") return "a read-only file system";
  return code ?? message;
}

function expected(file: string, what: string, got: string): StudyFailure {
  return new StudyFailure(`${printable(file)} expected ${what}, got ${got}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}

/** A value of the header as it stands there, short enough for one line. */
function shown(value: unknown): string {
  if (value === undefined) return "none";
  const text = printable(JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
