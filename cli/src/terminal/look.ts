/** How the output looks, which depends on where it goes. */
export interface Look {
  /** How many characters a line may have. */
  width: number;
  color: boolean;
}

/** A wider table is no easier to read. */
const widest = 100;
const narrowest = 60;

/**
 * There is colour on a terminal only, unless NO_COLOR (which must not be empty: no-color.org), a dumb terminal or `wanted` forbids it.
 * The width is the terminal's, between 60 and 100; elsewhere it is 100.
 */
export function lookFor(
  stream: { isTTY?: boolean; columns?: number },
  env: Record<string, string | undefined>,
  wanted = true,
): Look {
  const terminal = stream.isTTY === true;
  const columns = terminal && stream.columns ? stream.columns : widest;
  return {
    width: Math.min(widest, Math.max(narrowest, columns)),
    color: terminal && wanted && !env.NO_COLOR && env.TERM !== "dumb",
  };
}
