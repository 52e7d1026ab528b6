/** Hands and words of the scene: the ball, the camera, the slider, the sentences with numbers, the address. */
import { byId, copy, every, make } from "../page.js";
import { makeLabels } from "./labels.js";
import { type Model, measure, type Vector } from "./model.js";
import { fixed, numbers, spoken, spokenStep, tuple } from "./numbers.js";
import type { Picture } from "./scene.js";
import { allowed, initial, limits, read, type State, turned, write } from "./state.js";
import { moved, seen, toPicture, type View, viewOf } from "./view.js";

let state: State = read(location.search);
let picture: Picture | undefined;
let view: View;

const host = byId("scene");
const label = makeLabels(host);
const handle = byId("handle");
const camera = byId("camera");
const slider = byId<HTMLInputElement>("step");
const play = byId<HTMLButtonElement>("play");
const showRms = byId<HTMLInputElement>("show-rms");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const live = every("[data-n]").map((element) => ({
  element,
  name: element.dataset.n as keyof ReturnType<typeof numbers>,
}));
const steps = every("[data-step]");
const stops = every<HTMLButtonElement>("[data-stop]");

export async function startGeometry(): Promise<void> {
  makeSliders();
  update(state);
  listen();
  host.dataset.live = "";
  try {
    const { Picture } = await import("./scene.js");
    picture = new Picture(host);
    update(state);
    host.dataset.ready = "";
  } catch {
    // the library's own error is about its internals
    byId("no-scene").hidden = false;
  }
}

/** The colours of the page have changed. */
export function repaint(): void {
  picture?.paint();
}

function update(next: State): void {
  state = next;
  const model = measure(state.x, state.weight, state.bias);
  view = viewOf(host.clientWidth, host.clientHeight, state.view);
  const frame = { model, step: state.step, showRms: state.showRms };
  picture?.show(frame, view);
  label(frame, view);
  const { left, top } = seen(view, toPicture(state.x));
  handle.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px) translate(-50%, -50%)`;

  const texts = numbers(model);
  for (const { element, name } of live) {
    if (element.textContent !== texts[name]) element.textContent = texts[name];
  }
  handle.setAttribute("aria-valuenow", fixed(model.angle, 0));
  handle.setAttribute("aria-valuetext", `${tuple(state.x)}, ${fixed(model.angle, 1)} degrees to the uniform direction`);
  const [azimuth, elevation] = state.view.map(Math.round);
  camera.setAttribute("aria-valuenow", String(azimuth));
  camera.setAttribute("aria-valuetext", `${azimuth} degrees round, ${elevation} degrees up`);

  slider.value = String(state.step);
  slider.setAttribute("aria-valuetext", spokenStep(state.step));
  slider.style.setProperty("--done", `${(100 * state.step) / 4}%`);
  for (const step of steps) {
    const at = Number(step.dataset.step);
    step.dataset.state = state.step >= at ? "done" : state.step > at - 1 ? "now" : "ahead";
  }
  for (const stop of stops) stop.setAttribute("aria-pressed", String(Number(stop.dataset.stop) === state.step));
  showRms.checked = state.showRms;
  byId("rms-story").classList.toggle("dim", !state.showRms);
  for (const { input, output, of, at } of sliders) {
    input.value = String(state[of][at]);
    output.textContent = fixed(state[of][at], 2);
  }
  remember(model);
}

let waiting: ReturnType<typeof setTimeout> | undefined;

/** The address, and the spoken sentence, when all has been at rest for a while. */
function remember(model: Model): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const address = write(state) + location.hash;
    if (location.search + location.hash !== address) history.replaceState(null, "", address || location.pathname);
    if (spokenOnce) byId("spoken").textContent = spoken(model);
    spokenOnce = true;
  }, 300);
}

/** What the page says when it opens is on it already. */
let spokenOnce = false;

const move = (x: Vector) => update({ ...state, x: allowed(x) });

function listen(): void {
  drag(handle, (right, down) => move(moved(view, state.x, right, down, 0)));
  handle.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 1 : 10;
    const [right, down, nearer] = arrows(event.key, true).map((sign) => sign * by);
    if (right === 0 && down === 0 && nearer === 0) return;
    event.preventDefault();
    move(moved(view, state.x, right, down, nearer));
  });

  const turn = (right: number, down: number) => {
    const [azimuth, elevation] = state.view;
    update({ ...state, view: turned([azimuth - right, elevation + down]) });
  };
  drag(camera, (right, down, event) => turn(right * 0.4, event.pointerType === "touch" ? 0 : down * 0.4));
  camera.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 1 : 6;
    const [right, down] = arrows(event.key, false).map((sign) => sign * by);
    if (right === 0 && down === 0) return;
    event.preventDefault();
    turn(-right, -down);
  });

  slider.addEventListener("input", () => {
    stop();
    update({ ...state, step: Number(slider.value) });
  });
  slider.addEventListener("keydown", (event) => {
    const [right, down] = arrows(event.key, false);
    const sign = right || -down;
    if (sign === 0) return;
    event.preventDefault();
    stop();
    const step = state.step + sign * (event.shiftKey ? 0.01 : 0.1);
    update({ ...state, step: Math.round(Math.min(4, Math.max(0, step)) * 100) / 100 });
  });
  for (const button of stops) button.addEventListener("click", () => walkTo(Number(button.dataset.stop)));
  play.addEventListener("click", () => {
    if (walking !== 0) return stop();
    const from = state.step >= 4 ? 0 : state.step;
    // where less motion is wanted, step by step all the same, one at each press
    walkTo(calm.matches ? Math.floor(from) + 1 : 4, from);
  });

  showRms.addEventListener("change", () => update({ ...state, showRms: showRms.checked }));
  byId("reset").addEventListener("click", () => {
    stop();
    update(initial);
  });
  const share = byId<HTMLButtonElement>("share");
  share.addEventListener("click", () => {
    const address = write(state) || location.pathname;
    history.replaceState(null, "", address);
    copy(new URL(address, location.href).href, share, () => "It is in the address bar");
  });
  addEventListener("popstate", () => {
    if (write(state) !== write(read(location.search))) update(read(location.search));
  });
  new ResizeObserver(() => update(state)).observe(host);
}

/** Right, down and nearer, each −1, 0 or 1. */
function arrows(key: string, pages: boolean): [number, number, number] {
  return [
    key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0,
    key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0,
    pages ? (key === "PageDown" ? 1 : key === "PageUp" ? -1 : 0) : 0,
  ];
}

/** Tells how far a pointer that went down on an element has moved since it was asked last. */
function drag(element: HTMLElement, by: (right: number, down: number, event: PointerEvent) => void): void {
  let last: { x: number; y: number } | undefined;
  element.addEventListener("pointerdown", (event) => {
    // a second finger is no hand of its own: between the two it would jump
    if (event.button !== 0 || !event.isPrimary) return;
    element.setPointerCapture(event.pointerId);
    element.dataset.held = "";
    last = { x: event.clientX, y: event.clientY };
  });
  element.addEventListener("pointermove", (event) => {
    if (last === undefined || !event.isPrimary) return;
    const [right, down] = [event.clientX - last.x, event.clientY - last.y];
    last = { x: event.clientX, y: event.clientY };
    by(right, down, event);
  });
  const end = ({ isPrimary }: PointerEvent) => {
    if (!isPrimary) return;
    last = undefined;
    delete element.dataset.held;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}

/** The animation frame that has been asked for; 0 when nothing moves. */
let walking = 0;

/** Walks the slider to a stop; where less motion is wanted, it is there at once. */
function walkTo(goal: number, from = state.step): void {
  stop();
  update({ ...state, step: calm.matches ? goal : from });
  if (calm.matches) return;
  let before = performance.now();
  let rest = 0;
  const frame = (now: number) => {
    const passed = now - before;
    before = now;
    rest -= passed;
    if (rest <= 0) {
      const sign = Math.sign(goal - state.step);
      const way = (sign * passed) / 1400;
      let step = state.step + way;
      // at each stop it waits until the eye has found what changed
      const whole = sign > 0 ? Math.floor(step) : Math.ceil(step);
      if (sign > 0 ? state.step < whole : state.step > whole) {
        step = whole;
        rest = 650;
      }
      if ((goal - step) * sign <= 0) step = goal;
      update({ ...state, step });
      if (step === goal) return stop();
    }
    walking = requestAnimationFrame(frame);
  };
  walking = requestAnimationFrame(frame);
  mark(true);
}

function stop(): void {
  cancelAnimationFrame(walking);
  walking = 0;
  mark(false);
}

function mark(playing: boolean): void {
  play.setAttribute("aria-pressed", String(playing));
  play.innerHTML = playing ? '<span aria-hidden="true">⏸</span> Pause' : '<span aria-hidden="true">▶</span> Play';
}

const sliders: { input: HTMLInputElement; output: HTMLElement; of: "weight" | "bias"; at: 0 | 1 | 2 }[] = [];

function makeSliders(): void {
  for (const of of ["weight", "bias"] as const) {
    for (const at of [0, 1, 2] as const) {
      const input = make("input", { type: "range", min: `${-limits[of]}`, max: `${limits[of]}`, step: "0.01" });
      const output = make("output", { class: "n" });
      byId("sliders").append(make("label", {}, `${of}${"₁₂₃"[at]}`, input, output));
      sliders.push({ input, output, of, at });
      input.addEventListener("input", () => {
        const values = [...state[of]] as [number, number, number];
        values[at] = Number(input.value);
        // where they are seen: after the fourth step
        stop();
        update({ ...state, step: 4, [of]: values });
      });
    }
  }
}
