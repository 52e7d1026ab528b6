// The kernels are built once, for a memory of their own. A module may import a shared memory only where it says so, and says what the
// memory's maximum may be; the instructions are the same. So the import section alone is written anew. Ids and layouts: WebAssembly
// core specification, 5.5.

const IMPORTS = 2;
const MEMORY = 2;
/** Limits with a maximum, of a memory that is shared: the threads proposal, which all engines with threads have. */
const SHARED_WITH_MAXIMUM = 3;
/** How many numbers an import has after its names and its kind: a function's type, a table's, a memory's limits, a global's. */
const LONGEST_MEMORY = 65536;

/** Reads a module's bytes from `at` on. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128, of 32 bits at most. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Passes so many bytes. */
  pass(count: number): void {
    this.at += count;
  }
}

/** The bytes of a module whose memory import takes a shared memory, of any maximum. */
export function takingSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new Reader(bytes, 8); // after the magic number and the version
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.number();
    const from = reader.at;
    if (id === IMPORTS) {
      const content = importsWithShared(reader, from + size);
      const section = [...bytes.subarray(0, start), IMPORTS, ...leb(content.length), ...content];
      return Uint8Array.from([...section, ...bytes.subarray(from + size)]);
    }
    reader.pass(size);
  }
  return bytes.slice() as Uint8Array<ArrayBuffer>; // it imports nothing
}

/** The content of an import section, up to `end`. */
function importsWithShared(reader: Reader, end: number): number[] {
  const { bytes } = reader;
  const content: number[] = [];
  let copied = reader.at;
  for (let left = reader.number(); left > 0; left--) {
    for (const _ of ["module", "name"]) reader.pass(reader.number());
    const kind = reader.byte();
    if (kind === MEMORY) {
      content.push(...bytes.subarray(copied, reader.at));
      const hasMaximum = (reader.byte() & 1) === 1;
      content.push(SHARED_WITH_MAXIMUM, ...leb(reader.number()), ...leb(LONGEST_MEMORY));
      if (hasMaximum) reader.number();
      copied = reader.at;
    } else if (kind === 0)
      reader.number(); // a function: its type
    else if (kind === 3)
      reader.pass(2); // a global: its type, and whether it changes
    else throw new Error(`an import of kind ${kind}, which no kernel has`);
  }
  content.push(...bytes.subarray(copied, end));
  return content;
}

/** A number as unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
