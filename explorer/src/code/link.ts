/** A snippet in the part of an address that is sent to no server. Opening it shows the text, and runs nothing. */

const prefix = "#code=";
/** Characters of a text: an address that is much longer is cut by who passes it on. */
const most = 16_000;

export interface Linked {
  /** Which snippet it has been made of. */
  name: string;
  text: string;
}

export function toHash({ name, text }: Linked): string {
  const bytes = new TextEncoder().encode(text);
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `${prefix}${name}.${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** @returns undefined where the address has none, or one that cannot be read */
export function fromHash(hash: string): Linked | undefined {
  if (!hash.startsWith(prefix)) return undefined;
  const [, name, letters] = /^(\w+)\.([\w-]*)$/.exec(hash.slice(prefix.length)) ?? [];
  if (letters === undefined || letters.length > (most * 4) / 3) return undefined;
  try {
    const binary = atob(letters.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return { name, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return undefined;
  }
}
