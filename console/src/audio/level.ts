export const SILENCE = -90;

/** dBov of samples from −1 to 1: 20·log10 of their RMS, −90 for silence. */
export function level(samples: Float32Array): number {
  let power = 0;
  for (const sample of samples) power += sample * sample;
  if (!samples.length || !power) return SILENCE;
  return Math.max(SILENCE, 10 * Math.log10(power / samples.length));
}

/** Where a level stands on a meter, 0 to 1: −60 dBov is its bottom, −6 its top. */
export function shareOfMeter(dbov: number): number {
  return Math.max(0, Math.min(1, (dbov + 60) / 54));
}
