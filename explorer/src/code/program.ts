/** A snippet's text as a program for a worker that is not a module: whatever is imported from "orthonorm" stands there already. */
import { type ImportDeclaration, type Program, parse } from "acorn";

/** What is wrong with a text, and in which of its lines, counted from 1. */
export class SnippetError extends Error {
  constructor(
    message: string,
    readonly line: number | undefined,
  ) {
    super(message);
  }
}

/** @throws {SnippetError} where it is no JavaScript, or imports what is not there */
export function check(text: string): void {
  withoutImports(text);
}

export interface Runnable {
  /** The whole worker. */
  text: string;
  /** The snippet's line of a line of the worker; undefined outside the snippet. */
  lineOf(line: number): number | undefined;
}

/** @param prelude what the worker has before the snippet */
export function program(prelude: string, text: string): Runnable {
  const before = `${prelude}\n(async () => { "use strict";\n`;
  const body = withoutImports(text);
  const [first, count] = [before.split("\n").length, body.split("\n").length];
  return {
    text: `${before}${body}\n})().then(over.well, over.badly);`,
    lineOf: (line) => (line >= first && line < first + count ? line - first + 1 : undefined),
  };
}

/** The snippet's line where an error arose or, if that was in the engine, where the snippet called it. */
export function lineIn(stack: string, { lineOf }: Runnable): number | undefined {
  for (const [, line] of stack.matchAll(/blob:[^\s()]*:(\d+):\d+/g)) {
    const found = lineOf(Number(line));
    if (found !== undefined) return found;
  }
  return undefined;
}

function withoutImports(text: string): string {
  let done = text;
  // from the last to the first, so that the places of those before stay right
  for (const node of [...parsed(text).body].reverse()) {
    if (node.type === "ImportDeclaration")
      done = done.slice(0, node.start) + constants(node, text) + done.slice(node.end);
    else if (node.type.startsWith("Export"))
      throw new SnippetError("nothing can be exported here", lineAt(text, node.start));
  }
  return done;
}

function parsed(text: string): Program {
  try {
    return parse(text, { ecmaVersion: 2022, sourceType: "module" });
  } catch (error) {
    const { message, loc } = error as SyntaxError & { loc?: { line: number } };
    throw new SnippetError(message.replace(/ \(\d+:\d+\)$/, ""), loc?.line);
  }
}

/** Constants in an import's place, on as many lines. */
function constants({ specifiers, source, start, end }: ImportDeclaration, text: string): string {
  if (source.value !== "orthonorm") {
    throw new SnippetError(`import expected "orthonorm", got ${JSON.stringify(source.value)}`, lineAt(text, start));
  }
  const lines = "\n".repeat(text.slice(start, end).split("\n").length - 1);
  const each = specifiers.map((one) => {
    if (one.type === "ImportNamespaceSpecifier") return `const ${one.local.name} = globalThis.orthonorm;`;
    const name =
      one.type === "ImportDefaultSpecifier"
        ? "default"
        : one.imported.type === "Identifier"
          ? one.imported.name
          : String(one.imported.value);
    return `const ${one.local.name} = globalThis.orthonorm[${JSON.stringify(name)}];`;
  });
  return each.join(" ") + lines;
}

const lineAt = (text: string, index: number) => text.slice(0, index).split("\n").length;
