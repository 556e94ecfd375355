import { RATE } from "./frames";
import { Sinc } from "./sinc";

/** Samples at 16 kHz: playing starts at 60 ms, which is also what the buffer is held at; beyond 100 ms the oldest goes. */
export const START = 0.06 * RATE;
export const MOST = 0.1 * RATE;
/** How far the speed of playing may leave 1: nobody hears half a percent. */
const BEND = 0.005;
/** Full bend at this distance from `START`, in samples. */
const FULL_BEND = 0.03 * RATE;
/** Seconds over which the depth is averaged; a frame comes every 20 ms, so the depth itself is a saw. */
const AVERAGE_S = 1;
/** What is played while nothing is there fades within some milliseconds. */
const FADE = 0.985;

/**
 * Between the desk's clock and the loudspeaker's: frames in as they come, blocks out as they are asked for.
 *
 * The clocks differ a little and for ever. So the buffer is played slightly faster while it is deeper than 60 ms
 * and slightly slower while it is shallower; only a stall of the network makes it drop or fall silent.
 */
export class PlayBuffer {
  /** Samples that came while there was no room. */
  dropped = 0;
  /** Times it ran dry while playing. */
  gaps = 0;
  /** Depth in samples at 16 kHz, averaged. */
  average = START;
  private readonly sinc: Sinc;
  private readonly step: number;
  private readonly samples: Float32Array[];
  private readonly last: number[];
  private place: number;
  private end: number;
  private playing = false;

  /** `rate` of the loudspeaker; `width` 1 or 2 channels. */
  constructor(
    private readonly rate: number,
    width: number,
  ) {
    this.step = RATE / rate;
    this.sinc = new Sinc(Math.min(1, rate / RATE) * 0.96);
    this.place = 0;
    this.end = this.sinc.reach;
    this.samples = Array.from({ length: width }, () => new Float32Array(2 * MOST));
    this.last = Array.from({ length: width }, () => 0);
  }

  /** Samples at 16 kHz that wait to be played. */
  get depth(): number {
    return Math.max(0, this.end - this.sinc.reach - this.place);
  }

  /** A frame; a mono one in a stereo buffer sounds on both sides. */
  put(channels: Float32Array[]): void {
    const length = channels[0]?.length ?? 0;
    this.makeRoom(length);
    for (const [side, kept] of this.samples.entries())
      kept.set(channels[side] ?? (channels[0] as Float32Array), this.end);
    this.end += length;
    while (this.depth > MOST) {
      this.place += length;
      this.dropped += length;
    }
  }

  /** Fills a block of every channel. */
  read(blocks: Float32Array[]): void {
    const length = blocks[0]?.length ?? 0;
    if (!this.playing && this.depth >= START) {
      this.playing = true;
      this.average = this.depth;
    }
    this.average += ((this.depth - this.average) * length) / (AVERAGE_S * this.rate);
    const step = this.step * (1 + this.bend());
    for (let at = 0; at < length; at += 1) {
      if (this.playing && this.place + this.sinc.reach >= this.end) {
        this.playing = false;
        this.gaps += 1;
      }
      for (const [side, block] of blocks.entries()) {
        const kept = this.samples[side] ?? (this.samples[0] as Float32Array);
        const value = this.playing ? this.sinc.at(kept, this.place) : (this.last[side] ?? 0) * FADE;
        this.last[side] = value;
        block[at] = value;
      }
      if (this.playing) this.place += step;
    }
  }

  /** Forgets what waits, as at the end of a hold. */
  clear(): void {
    this.place = this.end - this.sinc.reach;
    this.playing = false;
  }

  private bend(): number {
    const off = (this.average - START) / FULL_BEND;
    return BEND * Math.max(-1, Math.min(1, off));
  }

  private makeRoom(length: number): void {
    if (this.end + length <= (this.samples[0] as Float32Array).length) return;
    const past = Math.max(0, Math.floor(this.place) - this.sinc.reach);
    for (const kept of this.samples) kept.copyWithin(0, past, this.end);
    this.place -= past;
    this.end -= past;
  }
}
