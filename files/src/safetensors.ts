/**
 * Safetensors: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes.
 *
 *   { "name": { "dtype": "F32", "shape": [rows, cols], "data_offsets": [begin, end] }, …, "__metadata__": { … } }
 *
 * The reader is our own because no maintained library reads a local file soundly. npm's `safetensors` 0.0.1 is a browser stub
 * with an IndexedDB cache that checks nothing (a header length of 2⁶⁰ or offsets past the end pass silently).
 * `@huggingface/hub` 2.17.5 reads headers of repositories on its hub only, over fetch, leaves data_offsets unchecked
 * against dtype and shape on purpose, returns no tensors, and installs 12 MB for it. Checked here is what the format's
 * Rust implementation checks: every range fits its dtype and shape, and the ranges tile the data without gap or overlap.
 * That also refuses a name given twice: JSON.parse keeps the last one only, and the bytes of the other are then a gap.
 *
 * Only ranges of the file are read, never the whole of it.
 */

import type { Container, StoredTensor } from "./container.js";
import { bitsOf } from "./dtype.js";
import { Ending } from "./ending.js";
import { EndsEarly, expected } from "./error.js";
import { bitsIn, depthOf, excerpt, isObject, isSizes, kindOf, maximumDepth } from "./header.js";
import { type Fault, faultIn } from "./header-scan.js";
import { RangeReader } from "./range.js";
import type { Source } from "./source.js";
import { counted, printable } from "./text.js";

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  /** Where the tensor's bytes begin in the data, and how many there are. */
  begin: number;
  bytes: number;
}

interface Header {
  /** In the order of their bytes. */
  entries: Entry[];
  metadata: Record<string, string>;
  /** The sum of the tensors' bytes. */
  dataBytes: number;
}

/** The format's own limit on the header. */
export const maximumHeader = 100_000_000;

/**
 * @param length the header's, as the first 8 bytes announce it, at most `maximumHeader`
 * @param other another format that begins with the same bytes, or null
 * @throws FileError naming the file, the tensor and the first thing that does not hold
 */
export async function openSafetensors(source: Source, length: number, other: string | null): Promise<Container> {
  const { name: file, size } = source;
  if (size !== null && 8 + length > size) {
    const got = other ?? `a file of ${size} bytes whose header claims ${length}`;
    throw expected(file, "a header that fits in the file", got);
  }
  const bytes = new Uint8Array(length);
  try {
    await source.read(bytes, 8);
  } catch (error) {
    if (!(error instanceof EndsEarly)) throw error;
    throw expected(file, `${length} bytes of header`, other ?? `${Math.max(0, error.end - 8)}: it ends there`);
  }
  const { entries, metadata, dataBytes } = parseHeader(file, bytes, size === null ? null : size - 8 - length, other);

  const data = 8 + length;
  const ending = new Ending(source, data + dataBytes);
  let last: { index: number; name: string } | null = null;
  const tensors = entries.map(({ name, dtype, shape, begin, bytes: size }, index): StoredTensor => {
    return {
      name,
      dtype,
      shape,
      bytes: size,
      unreadable: null,
      async open() {
        if (source.size === null && last !== null && index <= last.index) {
          const got = `"${printable(name)}" after "${printable(last.name)}"`;
          throw expected(file, "its tensors to be read once and in their order, for it flows", got);
        }
        last = { index, name };
        // With the last byte of data, the end of the file is checked. Empty tensors may follow.
        const finish = begin + size === dataBytes ? () => ending.check() : undefined;
        return new RangeReader(source, name, data + begin, size, undefined, finish);
      },
    };
  });
  return { source, format: "safetensors", metadata, tensors, finish: () => ending.check() };
}

/**
 * Checks a header against the number of bytes that follow it.
 *
 * @param dataBytes that number; null where it is not known
 *
 * @throws FileError naming the file, the tensor and the first thing that does not hold
 */
function parseHeader(file: string, bytes: Uint8Array, dataBytes: number | null, other: string | null): Header {
  if (depthOf(bytes) > maximumDepth) {
    throw expected(file, "a JSON header", other ?? `one of more than ${maximumDepth} levels of brackets`);
  }
  const fault = faultIn(bytes);
  const refuse = ({ expected: what, got }: Fault) => expected(file, `a header with ${what}`, excerpt(got));
  if (fault?.costly) throw refuse(fault);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw expected(file, "a JSON header", other ?? "text that is not valid JSON");
  }
  if (!isObject(parsed)) throw expected(file, "a JSON object as header", kindOf(parsed));
  if (fault !== null) throw refuse(fault);

  const metadata: Record<string, string> = Object.create(null);
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "__metadata__") readMetadata(file, value, metadata);
    else entries.push(readEntry(file, name, value, dataBytes));
  }

  // Sorted by their bytes, each tensor must begin where the one before it ends, from the first byte of data to the last.
  entries.sort((a, b) => a.begin - b.begin || a.bytes - b.bytes);
  let end = 0;
  for (const { name, begin, bytes: size } of entries) {
    if (begin !== end) {
      const fault = begin < end ? "overlaps the tensor before it" : "leaves a gap before it";
      throw expected(file, `tensor "${printable(name)}" to begin at byte ${end} of the data`, `${begin}: it ${fault}`);
    }
    end += size;
  }
  if (dataBytes !== null && end !== dataBytes) {
    throw expected(file, `${counted(end, "byte")} of data, the sum of its tensors`, `${dataBytes}`);
  }
  return { entries, metadata, dataBytes: end };
}

function readMetadata(file: string, value: unknown, metadata: Record<string, string>): void {
  if (value === null) return; // as the format's own reader does
  if (!isObject(value)) throw expected(file, "__metadata__ to be an object of strings", kindOf(value));
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      throw expected(file, `__metadata__ "${printable(key)}" to be a string`, kindOf(text));
    }
    metadata[key] = text;
  }
}

function readEntry(file: string, name: string, value: unknown, dataBytes: number | null): Entry {
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
  if (begin > end || (dataBytes !== null && end > dataBytes)) {
    const room = dataBytes === null ? "in order" : `within the ${counted(dataBytes, "byte")} of data`;
    throw expected(file, `${tensor} to have data_offsets ${room}`, `[${begin}, ${end}]`);
  }
  const bits = bitsIn(shape, bitsOf[dtype]);
  if (bits !== (end - begin) * 8) {
    const needed = bits === null ? "a number of bytes that can be addressed" : counted(Math.ceil(bits / 8), "byte");
    throw expected(file, `${tensor} (${dtype} [${shape.join(", ")}]) to take ${needed}`, `${end - begin}`);
  }
  return { name, dtype, shape, begin, bytes: end - begin };
}

/** A value of the header, as it is written there. */
function shown(value: unknown): string {
  return value === undefined ? "none" : excerpt(JSON.stringify(value));
}
