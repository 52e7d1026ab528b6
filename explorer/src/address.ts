/** The query of the page's address, of which each part of the page has parameters of its own. */

/** @returns the query with `written` in the place of the parameters of these names, and the others as they are */
export function withParameters(search: string, names: readonly string[], written: readonly string[]): string {
  const others = search
    .replace(/^\?/, "")
    .split("&")
    .filter((one) => one !== "" && !names.includes(one.split("=", 1)[0]));
  const all = [...written, ...others];
  return all.length === 0 ? "" : `?${all.join("&")}`;
}

/** Puts a query into the address bar, where it is another: no step of the browser's history. */
export function showAddress(search: string): void {
  if (location.search !== search) history.replaceState(null, "", (search || location.pathname) + location.hash);
}
