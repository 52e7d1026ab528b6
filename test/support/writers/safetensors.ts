/** How the writers of safetensors order their tensors and pad their headers. */

export interface GivenTensor {
  name: string;
  dtype: string;
  shape: readonly number[];
  data: Uint8Array;
}

interface SafetensorsHabit {
  metadata?: Readonly<Record<string, string>>;
  /** Rust orders by element type, then by name; others keep the order in which tensors are given. */
  sorted?: boolean;
  /** Whether blanks make the header's length a multiple of 8. */
  aligned?: boolean;
  /** Python's json puts a blank behind each colon and comma. */
  blanks?: boolean;
}

/** The Rust crate's order, in which the widest come first. */
const order = ["I64", "F64", "F32", "BF16", "F16"];

export function safetensors(given: readonly GivenTensor[], habit: SafetensorsHabit = {}): Buffer {
  const { metadata, sorted = true, aligned = true, blanks = false } = habit;
  const tensors = sorted ? [...given].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1)) : given;
  const entries: [string, unknown][] = metadata === undefined ? [] : [["__metadata__", metadata]];
  let end = 0;
  for (const { name, dtype, shape, data } of tensors) {
    entries.push([name, { dtype, shape, data_offsets: [end, end + data.length] }]);
    end += data.length;
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  // No name or text of the corpus has a colon or a comma.
  const spelled = Buffer.from(blanks ? json.replace(/[:,]/g, "$& ") : json);
  const padding = aligned ? Buffer.alloc((8 - (spelled.length % 8)) % 8, " ") : Buffer.alloc(0);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(spelled.length + padding.length));
  return Buffer.concat([length, spelled, padding, ...tensors.map(({ data }) => data)]);
}

function rank({ dtype }: GivenTensor): number {
  return order.indexOf(dtype);
}
