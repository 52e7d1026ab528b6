/**
 * Lines of text as PaddleOCR gives them to its recogniser: a strip of 48 pixels' height, BGR, (x/255 − 0.5)/0.5, and zeros beside a
 * line that is shorter than the strip.
 */

/** What is drawn with: the canvas of browsers, or of @napi-rs/canvas. */
export interface Canvas {
  getContext(kind: "2d"): {
    fillStyle: unknown;
    font: string;
    fillRect(x: number, y: number, width: number, height: number): void;
    measureText(text: string): { width: number };
    fillText(text: string, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): { data: ArrayLike<number> };
  };
}

export type CreateCanvas = (width: number, height: number) => Canvas;

export interface Style {
  /** The font size in pixels. */
  size: number;
  ink: string;
  paper: string;
}

export const height = 48;
export const width = 320;

/** Space to the left and right of a line, as a detector of text leaves it. */
const margin = 8;

/** 24 lines of the kinds that a recogniser is for, short and long. */
export const lines = [
  "Layer normalization",
  "The quick brown fox",
  "jumps over a lazy dog",
  "Total: 1,234.56 EUR",
  "Open 9:00 to 17:30",
  "hello@example.com",
  "Room 404, 2nd floor",
  "Invoice 2024-00817",
  "Do not lean out",
  "Platform 3, 12:45",
  "Kilograms per metre",
  "Nothing is redundant",
  "until it is measured",
  "SALE -50% TODAY",
  "https://example.org",
  "Serial No. X7B-22",
  "Chapter 12: Norms",
  "Fragile, handle well",
  "Best before 03/27",
  "Exit only, no entry",
  "PUSH",
  "Flight BA 2490",
  "Boarding 06:10 A12",
  "Thank you, goodbye",
] as const;

/** @returns the strip [3, 48, 320] of a line in the font that the canvas knows as `family` */
export function strip(
  text: string,
  { size, ink, paper }: Style,
  family: string,
  createCanvas: CreateCanvas,
): Float32Array {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  context.font = `${size}px ${family}`;
  const fitting = Math.min(1, (width - 2 * margin) / context.measureText(text).width);
  context.font = `${size * fitting}px ${family}`;
  const used = Math.min(width, Math.ceil(context.measureText(text).width) + 2 * margin);
  context.fillStyle = paper;
  context.fillRect(0, 0, used, height);
  context.fillStyle = ink;
  // capital letters are 0.73 em high in most fonts: half of that below the middle is their baseline
  context.fillText(text, margin, height / 2 + 0.365 * size * fitting);
  return normalized(context.getImageData(0, 0, width, height).data, used);
}

/** @param pixels RGBA, row by row, of which the columns from `used` on become zeros */
export function normalized(pixels: ArrayLike<number>, used: number): Float32Array {
  const out = new Float32Array(3 * height * width);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < used; x++) {
        const blueFirst = pixels[4 * (y * width + x) + 2 - channel];
        out[(channel * height + y) * width + x] = (blueFirst / 255 - 0.5) / 0.5;
      }
    }
  }
  return out;
}
