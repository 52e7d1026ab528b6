/**
 * Reads and writes the literals of which a NumPy header is made: dict, tuple, list, str, int, True, False, None. Nothing is evaluated.
 */

export type Literal = string | number | boolean | null | Tuple | Literal[] | Map<string, Literal>;

/** A tuple is not a list: a shape is a tuple, and the fields of a structured dtype are a list. */
export class Tuple {
  constructor(readonly items: readonly Literal[]) {}
}

/** How deep brackets may be nested: deeper than in any dtype. */
const maximumDepth = 32;

/** The literal in a text, without the blanks around it. Undefined where the text is no literal, or a dict has a key twice. */
export function parseLiteral(text: string): Literal | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    return reader.atEnd() ? value : undefined;
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

class NotALiteral extends Error {}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    this.skip();
    return this.at === this.text.length;
  }

  value(depth: number): Literal {
    if (depth > maximumDepth) throw new NotALiteral();
    if (this.sign("{")) return this.dict(depth);
    if (this.sign("[")) return this.items("]", depth).items;
    if (this.sign("(")) {
      const { items, comma } = this.items(")", depth);
      // (3) is 3; (3,) is a tuple
      return items.length === 1 && !comma ? items[0] : new Tuple(items);
    }
    const word = this.take(/True|False|None/y);
    if (word !== null) return word === "None" ? null : word === "True";
    // Python 2 wrote long integers with an L.
    const digits = this.take(/-?\d+(?=L?)/y);
    if (digits !== null) {
      this.take(/L/y);
      return Number(digits);
    }
    return this.string();
  }

  private string(): string {
    const quoted = this.take(/'(?:[^'\\\n]|\\[\\'"])*'|"(?:[^"\\\n]|\\[\\'"])*"/y);
    if (quoted === null) throw new NotALiteral();
    return quoted.slice(1, -1).replace(/\\(.)/g, "$1");
  }

  private dict(depth: number): Map<string, Literal> {
    const entries = new Map<string, Literal>();
    while (!this.sign("}")) {
      const key = this.string();
      if (!this.sign(":") || entries.has(key)) throw new NotALiteral();
      entries.set(key, this.value(depth + 1));
      if (!this.sign(",") && !this.before("}")) throw new NotALiteral();
    }
    return entries;
  }

  private items(end: string, depth: number): { items: Literal[]; comma: boolean } {
    const items: Literal[] = [];
    let comma = false;
    while (!this.sign(end)) {
      items.push(this.value(depth + 1));
      comma = this.sign(",");
      if (!comma && !this.before(end)) throw new NotALiteral();
    }
    return { items, comma };
  }

  private sign(sign: string): boolean {
    if (!this.before(sign)) return false;
    this.at++;
    return true;
  }

  private before(sign: string): boolean {
    this.skip();
    return this.text[this.at] === sign;
  }

  private take(pattern: RegExp): string | null {
    this.skip();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  private skip(): void {
    while (this.at < this.text.length && " \t\r\n".includes(this.text[this.at])) this.at++;
  }
}

/** A literal as Python writes it. */
export function literalText(value: Literal): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return `'${value}'`;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.map(literalText).join(", ")}]`;
  if (value instanceof Tuple) {
    return `(${value.items.map(literalText).join(", ")}${value.items.length === 1 ? "," : ""})`;
  }
  return `{${[...value].map(([key, entry]) => `'${key}': ${literalText(entry)}`).join(", ")}}`;
}
