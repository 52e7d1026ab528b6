/** Shortens a name to `width` characters. The middle is left out, because the ends of a tensor's name tell more. */
export function shorten(name: string, width: number): string {
  // By code points: half a surrogate pair is no character.
  const characters = [...name];
  if (characters.length <= width) return name;
  const tail = Math.ceil((width - 1) / 2);
  return `${characters.slice(0, width - 1 - tail).join("")}…${characters.slice(characters.length - tail).join("")}`;
}

/**
 * Shortens a text that ends in the name of a site, such as "model.safetensors h.10.ln_1". What stands before the name goes first;
 * of a name that is too long itself, its first number stays whole, since "…0.ln_1" would be another layer.
 */
export function shortenSite(text: string, width: number): string {
  if ([...text].length <= width) return text;
  const name = text.slice(text.lastIndexOf(" ") + 1);
  if ([...name].length < width) return cutStart(text, width);
  const number = /\d+/.exec(name);
  if (number === null) return shorten(name, width);
  const end = number.index + number[0].length;
  const [before, after] = [name.slice(0, end), name.slice(end)];
  const left = cutStart(before, Math.max(number[0].length + 1, Math.ceil(width / 2), width - [...after].length));
  return left + cutStart(after, Math.max(0, width - [...left].length));
}

/** The last characters of a text, `width` together with the ellipsis before them. */
function cutStart(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? "" : `…${characters.slice(characters.length - width + 1).join("")}`;
}

/**
 * How many decimals a column has: as many as give its middle value `significant` digits. They are the same in every row, so that the
 * decimal points stand under each other.
 */
export function decimalsFor(values: readonly number[], significant: number, least = 0, most = 5): number {
  const sizes = values
    .map(Math.abs)
    .filter((size) => size > 0)
    .sort((a, b) => a - b);
  const middle = sizes[Math.floor(sizes.length / 2)];
  if (middle === undefined) return least;
  return Math.min(most, Math.max(least, significant - 1 - Math.floor(Math.log10(middle))));
}

/** A number in a column of so many decimals. A number that the column cannot show is written with an exponent. */
export function fixed(value: number, decimals: number): string {
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 0.5 * 10 ** -decimals)) return scientific(value);
  return value.toFixed(decimals);
}

export function scientific(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

/** "0.27–1.37", or one number where both ends print alike. */
export function range(values: readonly number[], decimals: number): string {
  const low = fixed(Math.min(...values), decimals);
  const high = fixed(Math.max(...values), decimals);
  return low === high ? low : `${low}–${high}`;
}
