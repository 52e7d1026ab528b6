/** Files of tensors, sound ones and such as no library would write: .safetensors, .npy and .npz. */
import { deflateRawSync } from "node:zlib";

export interface GivenTensor {
  dtype: string;
  shape: readonly number[];
  data: Uint8Array;
}

/** @param header instead of the one that the tensors make */
export function safetensors(tensors: Record<string, GivenTensor>, header?: unknown, length?: number): Buffer {
  const entries: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    entries[name] = { dtype, shape, data_offsets: [end, end + data.length] };
    end += data.length;
  }
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header ?? entries));
  const announced = Buffer.alloc(8);
  announced.writeBigUInt64LE(BigInt(length ?? text.length));
  return Buffer.concat([announced, text, ...Object.values(tensors).map(({ data }) => data)]);
}

export interface NpyOptions {
  version?: [number, number];
  /** Instead of the dict that descr and shape make. */
  header?: string;
  fortran?: boolean;
  /** Instead of the header's own length. */
  length?: number;
}

/** As numpy.save writes it: the header padded with blanks to a multiple of 64 bytes. */
export function npy(descr: string, shape: readonly number[], data: Uint8Array, options: NpyOptions = {}): Buffer {
  const { version = [1, 0], fortran = false } = options;
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const order = fortran ? "True" : "False";
  const dict = options.header ?? `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${sizes}, }`;
  const width = version[0] === 1 ? 2 : 4;
  const bare = Buffer.from(dict, version[0] === 3 ? "utf8" : "latin1");
  const padded = Math.ceil((8 + width + bare.length + 1) / 64) * 64 - 8 - width;
  const text = Buffer.concat([bare, Buffer.alloc(padded - bare.length - 1, " "), Buffer.from("\n")]);
  const length = Buffer.alloc(width);
  length.writeUIntLE(options.length ?? text.length, 0, width);
  return Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.from(version), length, text, data]);
}

/** The same elements with the first index fastest, as `np.asfortranarray` lays them out. */
export function inFortranOrder(data: Uint8Array, shape: readonly number[]): Buffer {
  const count = shape.reduce((all, size) => all * size, 1);
  const size = data.length / count;
  const turned = Buffer.alloc(data.length);
  for (let at = 0; at < count; at++) {
    let [rest, to, stride] = [at, 0, count];
    for (const steps of [...shape].reverse()) {
      stride /= steps;
      to += (rest % steps) * stride;
      rest = Math.floor(rest / steps);
    }
    turned.set(data.subarray(at * size, (at + 1) * size), to * size);
  }
  return turned;
}

/** The same numbers, of `size` bytes each, with their bytes in reverse. */
export function reversed(data: Uint8Array, size: number): Buffer {
  return Buffer.from(data.map((_, i) => data[i - (i % size) + size - 1 - (i % size)]));
}

export interface GivenEntry {
  name: string;
  data: Uint8Array;
  deflate?: boolean;
  /** What the archive says of the entry instead of the truth. */
  says?: { crc?: number; size?: number; method?: number; flags?: number; compressed?: Uint8Array; offset?: number };
}

/** @param localName of the first entry, where its local header is to say otherwise than the directory */
export function zip(entries: readonly GivenEntry[], { localName }: { localName?: string } = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [index, { name, data, deflate = false, says = {} }] of entries.entries()) {
    const body = says.compressed ?? (deflate ? deflateRawSync(data) : data);
    const common = (named: Buffer) => {
      const header = Buffer.alloc(26);
      header.writeUInt16LE(20, 0);
      header.writeUInt16LE((says.flags ?? 0) | 0x800, 2);
      header.writeUInt16LE(says.method ?? (deflate ? 8 : 0), 4);
      header.writeUInt16LE(0x21, 8);
      header.writeUInt32LE(says.crc ?? crc32(data), 10);
      header.writeUInt32LE(body.length, 14);
      header.writeUInt32LE(says.size ?? data.length, 18);
      header.writeUInt16LE(named.length, 22);
      return header;
    };
    const named = Buffer.from(name);
    const namedLocally = Buffer.from(index === 0 ? (localName ?? name) : name);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(says.offset ?? offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), common(named), tail, named);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common(namedLocally), namedLocally, body]);
    locals.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, listing, Buffer.from("PK\x05\x06"), end]);
}

/** Bit by bit, as the polynomial says. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
