/**
 * What the sounds of English are to a formant synthesizer, by their ARPABET names. The vowels are those of men in Peterson and
 * Barney, JASA 24 (1952), table II; the consonants are rounded from Klatt, JASA 67 (1980), tables II and III.
 */

export type Formants = readonly [f1: number, f2: number, f3: number];

/** Frequencies are in Hz, amplitudes from 0 to 1. */
export interface Phoneme {
  formants: Formants;
  /** The formants at the end, where they differ: of a diphthong. */
  end?: Formants;
  seconds: number;
  voice: number;
  /** Noise that is made in the throat and passes all formants. */
  breath: number;
  /** Noise that is made at the teeth or lips, around one frequency. */
  hiss?: { centre: number; amplitude: number };
  /** A stop is silent, and then bursts, around this frequency. */
  burst?: number;
}

const vowel = (f1: number, f2: number, f3: number, seconds = 0.11): Phoneme => ({
  formants: [f1, f2, f3],
  seconds,
  voice: 1,
  breath: 0.01,
});

const consonant = (f1: number, f2: number, f3: number, voice: number, rest: Partial<Phoneme> = {}): Phoneme => ({
  formants: [f1, f2, f3],
  seconds: 0.07,
  voice,
  breath: 0,
  ...rest,
});

const vowels = {
  IY: vowel(270, 2290, 3010),
  IH: vowel(390, 1990, 2550, 0.08),
  EH: vowel(530, 1840, 2480),
  AE: vowel(660, 1720, 2410),
  AA: vowel(730, 1090, 2440),
  AO: vowel(570, 840, 2410),
  UH: vowel(440, 1020, 2240, 0.08),
  UW: vowel(300, 870, 2240),
  AH: vowel(640, 1190, 2390, 0.08),
  ER: vowel(490, 1350, 1690),
};

const diphthong = (from: Phoneme, to: Phoneme): Phoneme => ({ ...from, end: to.formants, seconds: 0.18 });

export const phonemes: Readonly<Record<string, Phoneme>> = {
  ...vowels,
  EY: diphthong(vowels.EH, vowels.IY),
  AY: diphthong(vowels.AA, vowels.IY),
  OW: diphthong(vowels.AO, vowels.UW),
  M: consonant(270, 1270, 2130, 0.5),
  N: consonant(270, 1340, 2470, 0.5),
  NG: consonant(270, 1990, 2850, 0.5),
  L: consonant(310, 1050, 2880, 0.7),
  R: consonant(310, 1060, 1380, 0.7),
  W: consonant(290, 610, 2150, 0.7),
  Y: consonant(260, 2070, 3020, 0.7),
  V: consonant(220, 1100, 2080, 0.4, { hiss: { centre: 5500, amplitude: 0.05 } }),
  DH: consonant(270, 1290, 2540, 0.4, { hiss: { centre: 5500, amplitude: 0.03 } }),
  Z: consonant(240, 1390, 2530, 0.4, { hiss: { centre: 5000, amplitude: 0.2 } }),
  F: consonant(340, 1100, 2080, 0, { hiss: { centre: 5500, amplitude: 0.1 }, seconds: 0.1 }),
  S: consonant(320, 1390, 2530, 0, { hiss: { centre: 5000, amplitude: 0.4 }, seconds: 0.1 }),
  JH: consonant(260, 1800, 2820, 0.2, { hiss: { centre: 2800, amplitude: 0.3 } }),
  HH: consonant(500, 1500, 2500, 0, { breath: 0.15 }),
  P: consonant(400, 1100, 2150, 0, { burst: 900 }),
  T: consonant(400, 1600, 2600, 0, { burst: 4500 }),
  K: consonant(300, 1990, 2850, 0, { burst: 2000 }),
  D: consonant(200, 1600, 2600, 0.1, { burst: 4500 }),
  G: consonant(200, 1990, 2850, 0.1, { burst: 2000 }),
  _: consonant(500, 1500, 2500, 0, { seconds: 0.25 }),
};
