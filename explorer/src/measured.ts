/** What the page has measured of the reader's states, which more than one part of it shows. */
import type { Report } from "@orthonorm/study";

const told = new Set<(report: Report) => void>();

/** @param listener told of each report, until the page is left */
export function onMeasured(listener: (report: Report) => void): void {
  told.add(listener);
}

export function tellMeasured(report: Report): void {
  for (const listener of told) listener(report);
}
