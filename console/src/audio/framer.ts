import { FRAME, RATE } from "./frames";
import { Sinc } from "./sinc";

/** Turns the microphone's blocks, of any length and rate, into frames of 20 ms at 16 kHz. */
export class Framer {
  private readonly sinc: Sinc;
  private readonly step: number;
  private waiting = new Float32Array(0);
  /** Position of the next sample in `waiting`. */
  private place: number;
  private frame = new Float32Array(FRAME);
  private filled = 0;

  constructor(rate: number) {
    this.step = rate / RATE;
    this.sinc = new Sinc(Math.min(1, RATE / rate) * 0.92);
    this.place = this.sinc.reach;
    this.waiting = new Float32Array(this.sinc.reach);
  }

  /** The frames that a block completes. */
  put(block: Float32Array): Float32Array[] {
    const samples = new Float32Array(this.waiting.length + block.length);
    samples.set(this.waiting);
    samples.set(block, this.waiting.length);
    const frames: Float32Array[] = [];
    while (this.place + this.sinc.reach < samples.length) {
      this.frame[this.filled] = this.sinc.at(samples, this.place);
      this.filled += 1;
      this.place += this.step;
      if (this.filled === FRAME) {
        frames.push(this.frame);
        this.frame = new Float32Array(FRAME);
        this.filled = 0;
      }
    }
    const past = Math.max(0, Math.min(samples.length, Math.floor(this.place) - this.sinc.reach));
    this.waiting = samples.slice(past);
    this.place -= past;
    return frames;
  }
}
