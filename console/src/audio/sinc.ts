/** Values between samples by a windowed sinc, for any ratio of rates. */

const LOBES = 12;
const STEPS = 256;

export class Sinc {
  /** Samples that are needed on each side of a position. */
  readonly reach: number;
  private readonly kernel: Float32Array;

  /** `cutoff`: highest frequency kept, as a share of half the rate of the samples; 1 keeps all. */
  constructor(cutoff: number) {
    this.reach = Math.ceil(LOBES / cutoff);
    this.kernel = new Float32Array(this.reach * STEPS + 2);
    for (let at = 0; at < this.reach * STEPS; at += 1) {
      const x = at / STEPS;
      const turn = Math.PI * cutoff * x;
      const place = x / this.reach;
      const window = 0.42 + 0.5 * Math.cos(Math.PI * place) + 0.08 * Math.cos(2 * Math.PI * place);
      this.kernel[at] = cutoff * (x === 0 ? 1 : Math.sin(turn) / turn) * window;
    }
  }

  /** The value of `samples` at `place`; everything outside of them is silence. */
  at(samples: Float32Array, place: number): number {
    const first = Math.max(0, Math.ceil(place - this.reach));
    const last = Math.min(samples.length - 1, Math.floor(place + this.reach));
    let value = 0;
    for (let index = first; index <= last; index += 1) {
      const away = Math.abs(index - place) * STEPS;
      const step = Math.floor(away);
      const low = this.kernel[step] as number;
      const high = this.kernel[step + 1] as number;
      value += (samples[index] as number) * (low + (high - low) * (away - step));
    }
    return value;
  }
}
