/**
 * A model with something added or replaced, as bytes. Nothing but nodes that change is written anew: messages of protobuf merge
 * when they are laid end to end, so what is added stands in a second piece of the graph, after the file.
 */
import { PbfWriter } from "pbf";
import { expected } from "./error.js";
import type { OpenModel } from "./model.js";
import type { Node } from "./proto.js";

/** A node to be written: one of the file with other inputs, outputs or operator, or a new one. */
export interface NewNode {
  op: string;
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  epsilon?: number;
  /** The node of the file whose attributes it keeps. */
  like?: Node;
}

export interface Changes {
  /** Names of tensors that the model is to give out beside its outputs. Their types are left to onnxruntime to infer. */
  outputs?: readonly string[];
  /** What stands in the place of nodes of the file. */
  replaced?: ReadonlyMap<Node, readonly NewNode[]>;
  /** Operator sets that the new nodes need. */
  opsets?: Readonly<Record<string, number>>;
}

const graphField = 7;
const nodeField = 1;
const outputField = 12;
const opsetField = 8;

export function rewritten(open: OpenModel, { outputs = [], replaced = new Map(), opsets = {} }: Changes): Uint8Array {
  const added = new PbfWriter();
  if (outputs.length > 0) {
    added.writeMessage(
      graphField,
      (_, graph) => {
        for (const name of outputs)
          graph.writeMessage(outputField, (_none, value) => value.writeStringField(1, name), null);
      },
      null,
    );
  }
  for (const [domain, version] of Object.entries(opsets)) {
    if (open.model.opsets.has(domain)) continue;
    added.writeMessage(
      opsetField,
      (_, opset) => {
        opset.writeStringField(1, domain);
        opset.writeVarintField(2, version);
      },
      null,
    );
  }
  return concatenated([...withReplaced(open, replaced), added.finish()]);
}

/** The file as pieces, with other nodes in the place of some: the length of the graph stands before it and changes with them. */
function withReplaced(
  { name, bytes, model }: OpenModel,
  replaced: ReadonlyMap<Node, readonly NewNode[]>,
): Uint8Array[] {
  if (replaced.size === 0) return [bytes];
  const { body } = model;
  if (body === null) throw expected(name, "a model whose graph is in one piece", "a graph in several");
  const pieces: Uint8Array[] = [];
  let at = body.start;
  for (const [node, instead] of [...replaced].sort(([a], [b]) => a.range.start - b.range.start)) {
    pieces.push(bytes.subarray(at, node.range.start));
    for (const one of instead) pieces.push(nodeBytes(bytes, one));
    at = node.range.end;
  }
  pieces.push(bytes.subarray(at, body.end));
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const lengthBytes = new PbfWriter();
  lengthBytes.writeVarint(length);
  const tagEnd = body.start - varintSize(body.end - body.start);
  return [bytes.subarray(0, tagEnd), lengthBytes.finish(), ...pieces, bytes.subarray(body.end)];
}

/** Minimal varints alone are written, by every library; the length of the file's graph is one. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

function nodeBytes(file: Uint8Array, { op, domain = "", inputs, outputs, epsilon, like }: NewNode): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(
    nodeField,
    (_, node) => {
      for (const input of inputs) node.writeStringField(1, input);
      for (const output of outputs) node.writeStringField(2, output);
      node.writeStringField(4, op);
      if (domain !== "") node.writeStringField(7, domain);
      for (const range of like?.attributeRanges ?? []) node.writeBytesField(5, file.subarray(range.start, range.end));
      if (epsilon !== undefined) {
        node.writeMessage(
          5,
          (_none, attribute) => {
            attribute.writeStringField(1, "epsilon");
            attribute.writeFloatField(2, epsilon);
            attribute.writeVarintField(20, 1);
          },
          null,
        );
      }
    },
    null,
  );
  return pbf.finish();
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
