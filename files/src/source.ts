/** Where bytes are read from: a file on a disk, standard input, a file dropped on a page. */
export interface Source {
  /** Its name in messages and in the output. */
  readonly name: string;
  /** In bytes; null where it is known only at the end (standard input). */
  readonly size: number | null;
  /**
   * Fills `into` with the bytes from `position` on. A stream can only be read forward: `position` must not be before the end of
   * the last read, and the bytes between are skipped.
   *
   * @throws TypeError where `into` is detached meanwhile
   * @throws EndsEarly where the bytes end early
   * @throws FileError where they cannot be read
   */
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Refuses an array that lost its bytes while it was filled, as views of a WebAssembly memory do when the memory grows. Its length
 * is then 0, so a loop "until it is full" would end as if it were.
 */
export function refuseDetached(into: Uint8Array, length: number): void {
  if (into.length === length) return;
  throw new TypeError(
    `read: into expected to keep its ${length} bytes while it is filled, got it detached (has its memory grown?)`,
  );
}
