/** NumPy's element types, as the descr of a .npy header has them: '<f4', or a list of fields. */
import { expected } from "./error.js";
import { bitsIn, excerpt, isSizes } from "./header.js";
import { type Literal, literalText, Tuple } from "./python-literal.js";

export interface Element {
  /** The name that safetensors has for it; where it has none, NumPy's. */
  dtype: string;
  /** Null where the size is not known: objects are pickled, and of a type that is not known nobody can tell. */
  bits: number | null;
  /** Of a big-endian type, how many bytes each number has whose order is to be reversed; else 0. */
  swapped: number;
  unreadable: string | null;
}

/** The element types by NumPy's letter for the kind and its number of bytes. */
const dtypeOf: Readonly<Record<string, string>> = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  V2: "BF16",
  c8: "C64",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u8: "U64",
  u4: "U32",
  u2: "U16",
  u1: "U8",
  b1: "BOOL",
};

/** Element types whose size is known and which are not read: 8-bit and long floats, complex numbers, dates, texts, raw bytes. */
const otherTypes = /^(f1|f12|f16|c16|c24|c32|[mM]8|[SaUV]\d{1,9})$/;

/** Names that others write: ml_dtypes the first, hand-made headers the rest. */
const named: Readonly<Record<string, string>> = {
  bfloat16: "<V2",
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
};

/** @throws FileError where the descr is of no form that NumPy has; a type that is not known is unreadable */
export function readDescr(where: string, descr: Literal): Element {
  if (typeof descr === "string") {
    const spelled = Object.hasOwn(named, descr) ? named[descr] : descr;
    const [, order, type] = /^([<>=|]?)([A-Za-z?]\w*)(?:\[\w+\])?$/.exec(spelled) ?? [];
    if (type === "O") {
      return { dtype: "object", bits: null, swapped: 0, unreadable: "of Python objects, which are pickled" };
    }
    if (type !== undefined) return elementOf(excerpt(descr), order, type);
  } else if (Array.isArray(descr)) {
    const bits = fieldsOf(where, descr);
    return { dtype: "structured", bits, swapped: 0, unreadable: "of a structured dtype (save its fields apart)" };
  }
  throw expected(where, "descr to be a NumPy dtype", excerpt(literalText(descr)));
}

function elementOf(descr: string, order: string, type: string): Element {
  const kind = type[0];
  const size = Number(type.slice(1));
  const bits = size * (kind === "U" ? 32 : 8);
  if (Object.hasOwn(dtypeOf, type)) {
    // A complex number is two, each with an order of its own; raw values have none.
    const number = kind === "c" ? size / 2 : size;
    const swapped = order === ">" && number > 1 && kind !== "V" ? number : 0;
    return { dtype: dtypeOf[type], bits, swapped, unreadable: null };
  }
  if (!otherTypes.test(type)) {
    return { dtype: descr, bits: null, swapped: 0, unreadable: `of a dtype that is not known (${descr})` };
  }
  const unreadable = order === ">" && !"SaV".includes(kind) ? `big-endian (${descr})` : null;
  return { dtype: descr, bits, swapped: 0, unreadable };
}

/** The bits of a structured element, whose fields are (name, dtype) or (name, dtype, shape). */
function fieldsOf(where: string, fields: readonly Literal[]): number | null {
  let all: number | null = 0;
  for (const field of fields) {
    const [, dtype, shape = new Tuple([])] = field instanceof Tuple ? field.items : [];
    if (dtype === undefined || !(shape instanceof Tuple) || !isSizes(shape.items)) {
      throw expected(where, "descr to be a NumPy dtype", `the field ${excerpt(literalText(field))}`);
    }
    const { bits } = readDescr(where, dtype);
    const one: number | null = bits === null ? null : bitsIn(shape.items, bits);
    all = all === null || one === null ? null : all + one;
  }
  return all;
}
