/** Names under which a process that was killed has left what it was writing. */

/**
 * @param name as `beside` gives it
 * @param of the process that is to have given it, on this machine where no other is named
 */
export function leftOf(name: string, { pid, machine }: { pid: number; machine?: string }): string {
  return name.replace(
    /\.([0-9a-f]{8})-\d+-[0-9a-f]{8}-\d+\.tmp$/,
    (_, own: string) => `.${machine ?? own}-${pid}-ffffffff-0.tmp`,
  );
}
