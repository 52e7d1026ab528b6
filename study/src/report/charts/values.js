/**
 * What a figure's marks are worth: under the pointer, or reached by arrow keys. It serves the report, which has its text, and the
 * explorer, which imports it; so it is JavaScript, and touches nothing but the drawing it is given.
 */

const nearEnough = 40;
const each = (selector, within) => [...within.querySelectorAll(selector)];

/**
 * Makes a drawing answer, where it has marks with values.
 *
 * @param {HTMLElement} drawing around one svg, or several of which one is shown
 * @param {string} name of the figure, for those who reach it by keyboard
 */
export function showValues(drawing, name) {
  const readout = document.createElement("p");
  const pictures = each("svg", drawing).flatMap((svg) => {
    const picture = heatMap(svg, readout) ?? points(svg, readout);
    return picture === null ? [] : [{ svg, ...picture }];
  });
  if (pictures.length === 0) return;
  readout.className = "readout";
  readout.setAttribute("aria-live", "polite");
  drawing.after(readout);
  drawing.tabIndex = 0;
  drawing.setAttribute("role", "group");
  drawing.setAttribute("aria-label", `Values of ${name}, by the arrow keys`);
  const shown = () => pictures.find(({ svg }) => svg.getClientRects().length > 0);
  drawing.addEventListener("focus", () => shown()?.by(0, 0));
  drawing.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    shown()?.by(...step);
  });
  for (const { svg, point } of pictures) svg.addEventListener("pointermove", point);
}

/** Down and to the right. */
const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };

/** A heat map's cells, which stand in an attribute of their line; null where there are none. */
function heatMap(svg, readout) {
  const lines = each("[data-cells]", svg);
  if (lines.length === 0) return null;
  const values = lines.map((line) => line.dataset.cells.split(" "));
  const cellWidth = Number(svg.dataset.cellWidth);
  const perCell = Number(svg.dataset.rowsPerCell);
  const frame = svg.querySelector("rect").cloneNode();
  frame.setAttribute("class", "frame");
  const number = (line, name) => Number(line.getAttribute(name));
  let [at, cell] = [0, 0];
  const show = (toLine, toCell) => {
    at = Math.max(0, Math.min(lines.length - 1, toLine));
    cell = Math.max(0, Math.min(values[at].length - 1, toCell));
    const line = lines[at];
    const x = number(line, "x") + cell * cellWidth;
    const width = Math.min(cellWidth, number(line, "x") + number(line, "width") - x);
    const place = { x, width, y: number(line, "y"), height: number(line, "height") - 1 };
    for (const [name, value] of Object.entries(place)) frame.setAttribute(name, value);
    svg.append(frame);
    const rows = perCell === 1 ? `row ${cell}` : `rows from ${cell * perCell} on, ${perCell} at most`;
    const value = values[at][cell];
    const [site] = line.textContent.split("\n");
    readout.textContent = `${site}, ${rows}: ${value === "" ? "no direction" : `${value} % of chance`}`;
  };
  return {
    by: (down, right) => show(at + down, cell + right),
    point({ target, clientX }) {
      const line = lines.indexOf(target);
      if (line < 0) return;
      const { left, width } = target.getBoundingClientRect();
      show(line, Math.floor((((clientX - left) / width) * number(target, "width")) / cellWidth));
    },
  };
}

/** The marks with a title, in the series that they belong to; null where there are none. */
function points(svg, readout) {
  const series = each("[data-mark=dot]", svg)
    .map((group) => each("title", group).map((title) => title.parentNode))
    .filter((marks) => marks.length > 0);
  if (series.length === 0) return null;
  const frame = document.createElementNS(svg.namespaceURI, "circle");
  frame.setAttribute("class", "frame");
  frame.setAttribute("r", "7");
  const centre = (mark) => {
    const { left, top, width, height } = mark.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  let [at, place] = [0, 0];
  const show = (toSeries, toPlace) => {
    at = toSeries;
    place = toPlace;
    const mark = series[at][place];
    // A circle has a centre of its own, another shape is moved to its place.
    for (const name of ["cx", "cy", "transform"]) {
      const value = mark.getAttribute(name);
      if (value === null) frame.removeAttribute(name);
      else frame.setAttribute(name, value);
    }
    mark.parentNode.append(frame);
    const [site, value] = mark.querySelector("title").textContent.split("\n");
    const part = mark.closest("[data-part]")?.dataset.part;
    readout.textContent = `${part === undefined ? "" : `${part}, `}${site}: ${value}`;
  };
  const nearest = (marks, distance) => {
    const far = marks.map(distance);
    const least = Math.min(...far);
    return { at: far.indexOf(least), distance: least };
  };
  return {
    by(down, right) {
      const to = Math.max(0, Math.min(series.length - 1, at + down));
      if (to === at) return show(at, Math.max(0, Math.min(series[at].length - 1, place + right)));
      const { x } = centre(series[at][place]);
      show(to, nearest(series[to], (mark) => Math.abs(centre(mark).x - x)).at);
    },
    point({ clientX, clientY }) {
      const found = series.map((marks) =>
        nearest(marks, (mark) => {
          const { x, y } = centre(mark);
          return Math.hypot(x - clientX, y - clientY);
        }),
      );
      const closest = nearest(found, ({ distance }) => distance);
      if (closest.distance <= nearEnough) show(closest.at, found[closest.at].at);
    },
  };
}

/**
 * Lights up what a word of a text is about: in all drawings, what belongs to other parts is dimmed.
 *
 * @param {Element} within what the drawings are in
 * @param {string | null} part that of data-part; null for all
 */
export function lightUp(within, part) {
  for (const mark of each("[data-part]", within)) {
    mark.classList.toggle("dimmed", part !== null && mark.dataset.part !== part);
  }
}
