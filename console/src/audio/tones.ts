/** Tones for tests: to make them and to find how strong they are. */

export function tone(hertz: number, rate: number, length: number, from = 0): Float32Array {
  return Float32Array.from({ length }, (_, at) => 0.5 * Math.sin((2 * Math.PI * hertz * (at + from)) / rate));
}

/** Amplitude of one frequency in samples (Goertzel). */
export function strength(samples: Float32Array, hertz: number, rate: number): number {
  const turn = (2 * Math.PI * hertz) / rate;
  let real = 0;
  let imaginary = 0;
  for (const [at, sample] of samples.entries()) {
    real += sample * Math.cos(turn * at);
    imaginary += sample * Math.sin(turn * at);
  }
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}

/** Power of everything that is not this frequency, as a share of the whole. */
export function impurity(samples: Float32Array, hertz: number, rate: number): number {
  let power = 0;
  for (const sample of samples) power += sample * sample;
  return Math.max(0, 1 - (strength(samples, hertz, rate) ** 2 * samples.length) / 2 / power);
}

export function joined(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
