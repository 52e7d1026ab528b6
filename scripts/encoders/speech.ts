/**
 * Speech by formant synthesis, after Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67 (1980): pulses of a
 * voice and noise of breath pass resonators in a row, at the formants of the sound that is spoken. It is not good speech, but it
 * has what a model of wake words listens to: harmonics, moving formants, hisses, stops and pauses.
 */
import { type Phoneme, phonemes } from "./phonemes.js";

export const sampleRate = 16000;

export interface Voice {
  /** The fundamental frequency in Hz. */
  pitch: number;
  /** What formants are multiplied by: more for a shorter vocal tract. */
  formants: number;
}

/** How long the articulators take from one phoneme to the next, in seconds. */
const transition = 0.02;

/**
 * Speaks a sentence.
 *
 * @param sentence phonemes by their ARPABET names, separated by spaces; `_` is a pause
 * @param random numbers in [0, 1)
 * @returns samples at 16 kHz, in −0.5 … 0.5
 * @throws RangeError naming a phoneme that is not known
 */
export function speak(sentence: string, voice: Voice, random: () => number): Float32Array {
  const segments = sentence.split(" ").flatMap(segmentsOf);
  const lengths = segments.map(({ seconds }) => Math.round(seconds * sampleRate));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const flow = new Float32Array(total);
  const noise = () => 2 * random() - 1;

  const glottis = resonator();
  const tract = bandwidths.map(resonator);
  const teeth = resonator();
  const now = { f1: 500, f2: 1500, f3: 2500, voice: 0, breath: 0, hiss: 0, centre: 5000 };
  const step = 1 - Math.exp(-1 / (transition * sampleRate));
  let phase = 0;
  let at = 0;
  for (const [index, { formants, end = formants, voice: voiced, breath, hiss }] of segments.entries()) {
    for (let i = 0; i < lengths[index]; i++, at++) {
      const [f1, f2, f3] = formants.map((from, k) => (from + ((end[k] - from) * i) / lengths[index]) * voice.formants);
      approach(now, step, {
        ...{ f1, f2, f3, voice: voiced, breath },
        ...{ hiss: hiss?.amplitude ?? 0, centre: hiss?.centre ?? now.centre },
      });
      phase += pitchAt(voice, at / total) / sampleRate;
      const pulse = Math.floor(phase);
      phase -= pulse;

      let sound = glottis(20 * pulse * now.voice, 0, 100) + noise() * now.breath;
      const frequencies = [now.f1, now.f2, now.f3, 3300 * voice.formants, 3750 * voice.formants];
      for (const [k, resonate] of tract.entries()) sound = resonate(sound, frequencies[k], bandwidths[k]);
      flow[at] = sound + 0.3 * now.hiss * teeth(noise(), now.centre, 1000);
    }
  }
  return toPeak(radiated(flow), 0.5);
}

/** Of the five formants, in Hz. */
const bandwidths = [60, 90, 150, 250, 200];

/** The pitch falls through a sentence, by a fifth. */
function pitchAt({ pitch }: Voice, part: number): number {
  return pitch * (1.1 - 0.2 * part);
}

/** A stop as its closure and its burst; any other phoneme as it is. */
function segmentsOf(name: string): Phoneme[] {
  if (!Object.hasOwn(phonemes, name)) {
    throw new RangeError(`speak: sentence expected phonemes (${Object.keys(phonemes).join(" ")}), got "${name}"`);
  }
  const phoneme = phonemes[name];
  if (phoneme.burst === undefined) return [phoneme];
  const hiss = { centre: phoneme.burst, amplitude: 0.5 };
  return [
    { ...phoneme, seconds: 0.05 },
    { ...phoneme, seconds: 0.02, breath: 0.1, hiss },
  ];
}

function approach<K extends string>(now: Record<K, number>, step: number, target: Record<K, number>): void {
  for (const key of Object.keys(now) as K[]) now[key] += (target[key] - now[key]) * step;
}

/** Klatt's digital resonator, y = a·x + b·y₋₁ + c·y₋₂, whose gain is 1 at 0 Hz. */
function resonator(): (x: number, frequency: number, bandwidth: number) => number {
  let last = 0;
  let beforeLast = 0;
  return (x, frequency, bandwidth) => {
    const c = -Math.exp((-2 * Math.PI * bandwidth) / sampleRate);
    const b = 2 * Math.sqrt(-c) * Math.cos((2 * Math.PI * frequency) / sampleRate);
    const y = (1 - b - c) * x + b * last + c * beforeLast;
    beforeLast = last;
    last = y;
    return y;
  };
}

/** The pressure in front of the lips is the derivative of the air that flows through them. */
function radiated(flow: Float32Array): Float32Array {
  return flow.map((value, at) => value - (at === 0 ? 0 : flow[at - 1]));
}

function toPeak(samples: Float32Array, peak: number): Float32Array {
  const highest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return highest === 0 ? samples : samples.map((value) => (value * peak) / highest);
}
