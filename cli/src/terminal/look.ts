/** How the output is to look, by where it goes. */
export interface Look {
  /** Characters a line may have. */
  width: number;
  color: boolean;
}

/** A table wider than this is no easier to read. */
const widest = 100;
const narrowest = 60;

/**
 * Colour on a terminal only, unless NO_COLOR (not empty: no-color.org), a dumb terminal or `wanted` forbids it. Width of
 * the terminal, within reason; elsewhere the widest.
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
