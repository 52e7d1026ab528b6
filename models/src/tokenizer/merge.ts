/** Pair by pair, the best pair first: how a byte pair encoding makes tokens of smaller ones, in a time that grows as n·log n. */

export interface Merge {
  readonly token: number;
  readonly score: number;
}

/** Two neighbours that may become one. */
interface Pair extends Merge {
  /** Where the left one stands. */
  readonly at: number;
  readonly left: number;
  readonly right: number;
}

/**
 * @param merge what two neighbours make; null where they make nothing
 * @returns the tokens when no neighbours make anything. Of pairs of the same score the first one goes first
 */
export function mergePairs(ids: readonly number[], merge: (left: number, right: number) => Merge | null): number[] {
  const tokens = [...ids];
  const next = tokens.map((_, at) => at + 1);
  const before = tokens.map((_, at) => at - 1);
  const pairs = new Heap();
  const consider = (at: number) => {
    const right = next[at];
    if (at < 0 || right >= tokens.length) return;
    const merged = merge(tokens[at], tokens[right]);
    if (merged !== null) pairs.push({ ...merged, at, left: tokens[at], right: tokens[right] });
  };
  for (const at of tokens.keys()) consider(at);
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const { at, left, right, token } = pair;
    const other = next[at];
    // One of the two is part of another token by now.
    if (tokens[at] !== left || tokens[other] !== right) continue;
    tokens[at] = token;
    tokens[other] = gone;
    next[at] = next[other];
    if (next[at] < tokens.length) before[next[at]] = at;
    consider(before[at]);
    consider(at);
  }
  return tokens.filter((token) => token !== gone);
}

/** In the place of a token that became part of the one before it. */
const gone = -1;

/** The best pair on top. Source: J. W. J. Williams, Algorithm 232: Heapsort, CACM 1964. */
class Heap {
  private readonly items: Pair[] = [];

  push(pair: Pair): void {
    const { items } = this;
    let at = items.push(pair) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBetter(pair, items[above])) break;
      items[at] = items[above];
      at = above;
    }
    items[at] = pair;
  }

  pop(): Pair | undefined {
    const { items } = this;
    const [top] = items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (let below = 1; below < items.length; below = 2 * at + 1) {
      if (below + 1 < items.length && isBetter(items[below + 1], items[below])) below++;
      if (!isBetter(items[below], last)) break;
      items[at] = items[below];
      at = below;
    }
    items[at] = last;
    return top;
  }
}

function isBetter(a: Pair, b: Pair): boolean {
  return a.score > b.score || (a.score === b.score && a.at < b.at);
}
