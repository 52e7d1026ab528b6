/** What a panel shows: series of points, and beside them what chance gives. */

export interface Point {
  /** The number of the site, from 0 on. */
  x: number;
  y: number;
  /** The quartiles or the ends of an interval, which a band or whiskers show. */
  low?: number;
  high?: number;
  /** The values of single rows, where there are so few that each is a dot. */
  rows?: readonly number[];
  title: string;
}

export interface Series {
  /** Stands at the end of the line. */
  label: string;
  color: string;
  dash?: string;
  symbol: "circle" | "square" | "triangle" | "diamond" | "times";
  hollow?: boolean;
  /** Whether marks are empty rings, around what lies under them. */
  ring?: boolean;
  line: boolean;
  /** Whether low and high are the ends of an interval, which whiskers show even where a line joins the sites. */
  interval?: boolean;
  /** What of the figure it is, in a word that a text may light up: the model's name, or "chance". */
  part?: string;
  points: Point[];
}

/** Values at each site that belong to no row, such as those of random directions: short lines across the site. */
export interface Ticks {
  color: string;
  part: string;
  sites: { x: number; values: readonly number[] }[];
}

/** What chance gives at each site. It is a line where low and high are the same, else a band. */
export interface Chance {
  label: string;
  points: { x: number; low: number; high: number }[];
}

export interface Panel {
  title: string;
  series: Series[];
  chance: Chance | null;
  ticks?: Ticks;
}
