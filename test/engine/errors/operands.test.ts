// Every op by every operand that it takes beside its first: of a wrong kind, without its memory, of another engine. From the
// table of ops, so that an operand added there is tested here.

import { createEngine, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import {
  detached,
  expectDefaultEngineUnharmed,
  f32,
  f64,
  HINT,
  KINDS,
  refuses,
  said,
  shrunk,
} from "../../support/errors.js";
import { operandsOf, others } from "../../support/operands.js";
import { entryOf, invoke } from "../../support/table.js";

expectDefaultEngineUnharmed();

describe.each(others)("%s: %s", (op, name) => {
  const put = (value: unknown) => () => invoke(op, { ...operandsOf(op), [name]: value });
  const { dtype } = entryOf(op).operands[name];
  const type = dtype === "to" ? "f64" : "f32";

  it("of a wrong kind", () => {
    const expected = `TypeError: ${op}: ${name} expected ${KINDS}, got `;
    refuses(put(null), `${expected}null`);
    refuses(put(1), `${expected}1`);
    refuses(put("weight"), `${expected}"weight"`);
    refuses(put([1, 2, 3, 4]), `${expected}Array of 4 elements ${HINT}`);
    refuses(put(new Int16Array(4)), `${expected}Int16Array of 4 elements ${HINT}`);
    refuses(put(new Map()), `${expected}Map`);
    refuses(put(new ArrayBuffer(16)), `${expected}ArrayBuffer`);
    refuses(put(createEngine()), `${expected}Engine`);
  });

  it("of another element type", () => {
    // a weight, a direction and y may be f32 or f64
    if (dtype === "parameter")
      expect(said(put(tensor("f64", operandsOf(op)[name].shape, [...operandsOf(op)[name].toArray()])))).toBe("none");
    else if (dtype === "to")
      expect(said(put(f32(1)))).toMatch(/^TypeError: convert: out expected f64 elements, for to is f64, got /);
    else
      expect(said(put(f64(1)))).toMatch(
        new RegExp(
          `^TypeError: ${op}: ${name} expected f32( or f16 or bf16)? elements.*, got Float64Array of 1 element$`,
        ),
      );
    // … or a half with a kernel of its own
    if (dtype === "weight") return;
    const half = put(tensor("bf16", operandsOf(op)[name].shape));
    expect(said(half)).toMatch(new RegExp(`^TypeError: ${op}: ${name} expected .* elements.*, got a Tensor of bf16$`));
  });

  it("whose memory is gone", () => {
    const array = `RangeError: ${op}: ${name} expected an array with its buffer, got one whose buffer`;
    refuses(put(detached()), `${array} is detached`);
    const less = shrunk();
    if (less !== undefined) refuses(put(less), `${array} has shrunk`);
    const gone = operandsOf(op)[name];
    gone.dispose();
    refuses(put(gone), `RangeError: ${op}: ${name} expected a live Tensor, got one that was disposed of`);
  });

  it("of another engine", () => {
    const foreign = createEngine().tensor(type, operandsOf(op)[name].shape);
    refuses(
      put(foreign),
      `RangeError: ${op}: ${name} expected a Tensor of this call's engine, got one of another engine`,
    );
  });
});
