import type { Family } from "../engine/variants.js";

/** The sizes of an operand, by name. A Tensor in its place must have them; the last dimension is the length of a row. */
export type Shape = "rows cols" | "rows" | "cols" | "k cols" | "rows k" | "k" | "columns" | "block" | "int8";

/** What the table of ops says of an operand. */
export interface OperandSpec {
  /** Its name in the kernel's signature and in errors. */
  readonly name: string;
  /** Is it read, written, read and then written, or memory that lasts for the call? */
  readonly role: "in" | "out" | "inout" | "workspace";
  readonly shape: Shape;
  /** Which of the kernel's strides is that of its rows; -1 for an operand that has none. */
  readonly stride: number;
  /**
   * Its element type:
   * - "same": x's;
   * - "wide": f64 for f64, else f32;
   * - "parameter": x's, f32 or f64, which the call converts to the wide one for the kernel;
   * - "weight": x's, or where that is not f64, f32, f16 or bf16, each of which has a kernel;
   * - "f64";
   * - "to": the one that `convert` converts to.
   */
  readonly dtype: "same" | "wide" | "parameter" | "weight" | "f64" | "to";
  /** The inputs that an output may exactly be, because the kernel reads each element before it writes it. */
  readonly aliases: readonly string[];
}

/** A kernel as WebAssembly exports it: a function of pointers, sizes and scalars. */
export type Kernel = (...args: never[]) => unknown;

/** Which export of a family's modules a kernel is: its name there is `kernel`, an underscore and the element type. */
export interface Export<K extends Kernel = Kernel> {
  readonly family: Family;
  readonly kernel: string;
  /** The signature, for the compiler alone: the property never exists. */
  readonly signature?: K;
}

/** What the bindings know of an op at run time. */
export interface Op<K extends Kernel = Kernel, Name extends string = string> extends Export<K> {
  /** Its name, in errors. */
  readonly name: string;
  /** The name of its first argument. */
  readonly first: string;
  /** The name of its second argument, where that is an operand too. */
  readonly second?: string;
  /** The options whose length is that of a row, where they are arrays: weight and bias. */
  readonly guides: readonly string[];
  /** All of its options. */
  readonly options: readonly string[];
  readonly operands: Readonly<Record<Name, OperandSpec>>;
}
