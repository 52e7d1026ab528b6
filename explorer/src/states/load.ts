/** Loads one of the page's own files: in the worker that wants it, so that it too is over when the worker is ended. */
export async function load(address: string, name: string): Promise<Blob> {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return await answer.blob();
  } catch (error) {
    throw new Error(`${name} expected to be loaded, got: ${(error as Error).message}`);
  }
}
