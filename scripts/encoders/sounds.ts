/** What the wake-word models listen to: the sentences of several voices, and what is not speech, to see what depends on it. */
import { uniforms } from "@orthonorm/bench/random";
import { sampleRate, speak, type Voice } from "./speech.js";

/** The wake words, and what else is said to such a device. */
const sentences = [
  "HH EY _ M AY K R AO F T _",
  "HH EY _ JH AA R V IH S _",
  "HH EY _ R AE S P IY _",
  "T ER N _ AO N _ DH AH _ L AY T S _",
  "W AH T _ T AY M _ IH Z _ IH T _",
  "P L EY _ S AH M _ M Y UW Z IH K _",
  "G UH D _ M AO R N IH NG _",
  "S T AA P _ DH AH _ T AY M ER _",
];

const voices: readonly Voice[] = [
  { pitch: 110, formants: 1 },
  { pitch: 200, formants: 1.17 },
  { pitch: 85, formants: 0.95 },
  { pitch: 270, formants: 1.3 },
];

/** The noise of a quiet room: 54 dB below the loudest sample of a voice. */
const room = 0.001;

export type Sound = "speech" | "a quiet room" | "noise";

/** @returns samples at 16 kHz in −1 … 1, the same ones at each call */
export function sound(kind: Sound, seconds: number): Float32Array {
  const random = uniforms(1);
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  if (kind === "speech") fillWithSpeech(samples, random);
  const level = kind === "noise" ? 0.5 : room;
  return samples.map((value) => value + level * (2 * random() - 1));
}

function fillWithSpeech(samples: Float32Array, random: () => number): void {
  for (let at = 0, turn = 0; at < samples.length; turn++) {
    const voice = voices[turn % voices.length];
    // each voice says each sentence in turn
    const spoken = speak(sentences[(turn + Math.floor(turn / voices.length)) % sentences.length], voice, random);
    samples.set(spoken.subarray(0, samples.length - at), at);
    at += spoken.length;
  }
}
