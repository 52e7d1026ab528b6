/** Bytes to read from: a file of a disk, standard input, a file dropped on a page. */
export interface Source {
  /** What it is called in messages and in the output. */
  readonly name: string;
  /** In bytes; null where only the end will tell (standard input). */
  readonly size: number | null;
  /**
   * Fills `into` with the bytes from `position` on. Of a source that only flows forward, `position` is at or after the end of
   * the last read; what lies between is passed over.
   *
   * @throws EndsEarly where the bytes end early
   * @throws FileError where they cannot be read
   */
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}
