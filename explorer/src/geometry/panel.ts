/** Hands and words of the scene: the ball, the camera, the slider, the sentences with numbers, the address. */
import { showAddress, withParameters } from "../address.js";
import { byId, copy, every, make, textOf } from "../page.js";
import { lights } from "../words.js";
import { allowedGhost, hasGhost, measureGhost } from "./also.js";
import { makeAlso } from "./also-panel.js";
import { type Part, parts } from "./frame.js";
import { arrows, drag, foreign } from "./hands.js";
import { makeLabels } from "./labels.js";
import { type Model, measure, type Vector } from "./model.js";
import { fixed, numbers, remainder, spoken, spokenStep, tuple } from "./numbers.js";
import { Picture } from "./scene.js";
import { seldom } from "./seldom.js";
import { allowed, initial, limits, parameters, read, type State, turned, write } from "./state.js";
import { moved, seen, toPicture, type View, viewOf } from "./view.js";

const asked = read(location.search);
let state: State = asked.state;
/** What this says is on the page already, and need not be spoken. */
const opened = state;
let view: View;
/** What the engine says of the state. */
let model: Model;
/** Pixels that a length of 1 has at most: while a hand holds the ball, the picture grows no larger under it. */
let most = Number.POSITIVE_INFINITY;

const host = byId("scene");
const picture = new Picture(host);
const label = makeLabels(host);
// it is shown where both norms have done their work
const showAlso = makeAlso((wanted, now) => {
  stop();
  update({ ...state, step: 3, ...wanted }, now);
});
const handle = byId("handle");
const camera = byId("camera");
const slider = byId<HTMLInputElement>("step");
const play = byId<HTMLButtonElement>("play");
const showRms = byId<HTMLInputElement>("show-rms");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Of the picture. To ask for them at each change would have the page laid out once more each time. */
let [width, height] = [host.clientWidth, host.clientHeight];

const live = every("[data-n]").map((element) => ({
  text: textOf(element),
  name: element.dataset.n as keyof ReturnType<typeof numbers>,
}));
const steps = every("[data-step]");
const stops = every<HTMLButtonElement>("[data-stop]");
const rmsStory = byId("rms-story");
const notes = byId("notes");
const refusal = byId("refused");
const left = textOf(byId("remainder"));

/** The part of the picture whose word is pointed at, has the focus or is pressed. */
let lit: Part | undefined;

/** Told of x when it has come to rest. */
const listeners: ((x: Vector) => void)[] = [];

/** @param listener told of x now, and whenever it has come to rest */
export function onRest(listener: (x: Vector) => void): void {
  listeners.push(listener);
  listener(state.x);
}

export function startGeometry(): void {
  makeSliders();
  update(state);
  refuse(asked.refused);
  listen();
  host.dataset.ready = "";
}

/** The colours of the page have changed. */
export function repaint(): void {
  picture.paint();
}

/** @param now the time of the frame that is being made, where it is called in one */
function update(next: State, now?: number): void {
  state = next.also !== "nothing" && next.step !== 3 ? { ...next, also: "nothing" } : next;
  model = measure(state.x, state.weight, state.bias);
  const ball = toPicture(state.x);
  view = viewOf(width, height, state.view, ball, most);
  if (most < Number.POSITIVE_INFINITY) most = view.scale;
  // what has no direction is on no ray
  const also = model.norm === 0 ? "nothing" : state.also;
  const ghost = allowedGhost(model, also, state.ghost);
  const ghostModel = hasGhost(also) ? measureGhost(model, also, ghost) : model;
  const frame = { model, step: state.step, showRms: state.showRms, also, ghost, ghostModel, lit };
  picture.show(frame, view, now !== undefined);
  label(frame, view);
  showAlso(frame, view, now);
  const at = seen(view, ball);
  handle.style.transform = `translate(${at.left.toFixed(1)}px, ${at.top.toFixed(1)}px) translate(-50%, -50%)`;
  // not over the ball
  notes.toggleAttribute("data-below", at.top < height / 2);
  if (state !== opened) refuse([]);

  slider.value = String(state.step);
  describe(slider, "aria-valuetext", spokenStep(state.step));
  for (const step of steps) {
    const at = Number(step.dataset.step);
    describe(step, "data-state", state.step >= at ? "done" : state.step > at - 1 ? "now" : "ahead");
  }
  for (const stop of stops) describe(stop, "aria-pressed", String(Number(stop.dataset.stop) === state.step));
  showRms.checked = state.showRms;
  rmsStory.classList.toggle("dim", !state.showRms);
  for (const { input, text, of, at } of sliders) {
    input.value = String(state[of][at]);
    put(text, fixed(state[of][at], 2));
  }
  tell(now);
  remember();
}

/** What is read, and what would be spoken. */
const tell = seldom(() => {
  const texts = numbers(model);
  for (const { text, name } of live) put(text, texts[name]);
  put(left, remainder(model));
  const direction = model.norm === 0 ? "no direction" : `${fixed(model.angle, 1)} degrees to the uniform direction`;
  describe(handle, "aria-valuenow", fixed(model.angle || 0, 0));
  describe(handle, "aria-valuetext", `${tuple(state.x)}, ${direction}`);
  const [azimuth, elevation] = state.view.map(Math.round);
  describe(camera, "aria-valuenow", String(azimuth));
  describe(camera, "aria-valuetext", `${azimuth} degrees round, ${elevation} degrees up`);
});

/** What is as it was is left alone: the browser would lay out and paint again what looks the same. */
function put(text: Text, value: string): void {
  if (text.data !== value) text.data = value;
}
function describe(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

const addressOf = (shown: State) => withParameters(location.search, parameters, write(shown));

let waiting: ReturnType<typeof setTimeout> | undefined;

/** The address, and the spoken sentence, when all has been at rest for a while. */
function remember(): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    showAddress(addressOf(state));
    if (state !== opened) byId("spoken").textContent = spoken(model);
    for (const listener of listeners) listener(state.x);
  }, 300);
}

/** What of an address could not be had; nothing any more when the view is another. */
function refuse(sentences: readonly string[]): void {
  if (refusal.childElementCount + sentences.length > 0) {
    refusal.replaceChildren(...sentences.map((sentence) => make("span", {}, sentence)));
  }
}

/** The ball has been let go: what has become small under the hand becomes as large as it can be. */
function settle(): void {
  if (handle.dataset.held !== undefined) return;
  const grow = (now: number) => {
    if (handle.dataset.held !== undefined) return;
    most = calm.matches ? Number.POSITIVE_INFINITY : most * 1.04;
    const before = most;
    update(state, now);
    if (view.scale < before) most = Number.POSITIVE_INFINITY;
    else requestAnimationFrame(grow);
  };
  if (view.wide === 1) most = Number.POSITIVE_INFINITY;
  else requestAnimationFrame(grow);
}

const move = (x: Vector, now?: number) => update({ ...state, x: allowed(x) }, now);

function listen(): void {
  drag(handle, ({ right, down, now }) => move(moved(view, state.x, right, down, 0), now));
  handle.addEventListener("pointerdown", () => {
    most = view.scale;
  });
  for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, settle);
  handle.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 1 : 10;
    const [right, down, nearer] = arrows(event.key, true).map((sign) => sign * by);
    if (foreign(event) || (right === 0 && down === 0 && nearer === 0)) return;
    event.preventDefault();
    move(moved(view, state.x, right, down, nearer));
  });

  const turn = (right: number, down: number, now?: number) => {
    const [azimuth, elevation] = state.view;
    update({ ...state, view: turned([azimuth - right, elevation + down]) }, now);
  };
  drag(camera, ({ right, down, touch, now }) => turn(right * 0.4, touch ? 0 : down * 0.4, now));
  camera.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 1 : 6;
    const [right, down] = arrows(event.key, false).map((sign) => sign * by);
    if (foreign(event) || (right === 0 && down === 0)) return;
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
    if (foreign(event) || sign === 0) return;
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
    showAddress(addressOf(state));
    copy(new URL(location.pathname + location.search, location.href).href, share, () => "It is in the address bar");
  });
  addEventListener("popstate", () => {
    const { state: wanted, refused } = read(location.search);
    if (addressOf(state) === addressOf(wanted)) return;
    update(wanted);
    refuse(refused);
  });
  const section = byId("geometry");
  for (const word of section.querySelectorAll<HTMLElement>(".word")) {
    lights(word, section, (part) => {
      lit = parts.find((one) => one === part);
      update(state);
    });
  }
  new ResizeObserver(() => {
    [width, height] = [host.clientWidth, host.clientHeight];
    update(state);
  }).observe(host);
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
      update({ ...state, step }, now);
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

const sliders: { input: HTMLInputElement; text: Text; of: "weight" | "bias"; at: 0 | 1 | 2 }[] = [];

function makeSliders(): void {
  for (const of of ["weight", "bias"] as const) {
    for (const at of [0, 1, 2] as const) {
      const input = make("input", { type: "range", min: `${-limits[of]}`, max: `${limits[of]}`, step: "0.01" });
      const output = make("output", { class: "n" });
      byId("sliders").append(make("label", {}, `${of}${"₁₂₃"[at]}`, input, output));
      sliders.push({ input, text: textOf(output), of, at });
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
