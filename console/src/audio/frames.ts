/** Sound as binary messages: 8 bytes of header, then 20 ms of 16-bit PCM at 16 kHz. docs/calls.md, "Sound in frames". */

export const RATE = 16_000;
/** Samples of 20 ms. */
export const FRAME = 320;
const HEADER = 8;
const VERSION = 1;
const STEREO = 1;
const FULL = 32_768;

export type Frame = {
  /** Counts frames, wraps at 65,536. */
  sequence: number;
  /** Number of the first sample on the sender's clock, wraps at 2^32. */
  time: number;
  /** One, or two of a stereo frame: left the customer, right who talks to them. −1 to 1. */
  channels: Float32Array[];
};

/** Writes one connection's frames; sequence and time go on from frame to frame. */
export class FrameWriter {
  private count = 0;

  write(samples: Float32Array): ArrayBuffer {
    const message = new ArrayBuffer(HEADER + 2 * FRAME);
    const view = new DataView(message);
    view.setUint8(0, VERSION);
    view.setUint8(1, 0);
    view.setUint16(2, this.count & 0xffff, true);
    view.setUint32(4, (this.count * FRAME) >>> 0, true);
    for (let at = 0; at < FRAME; at += 1) {
      const sample = Math.round((samples[at] ?? 0) * FULL);
      view.setInt16(HEADER + 2 * at, Math.max(-FULL, Math.min(FULL - 1, sample)), true);
    }
    this.count += 1;
    return message;
  }
}

/** The frame of a message; null for one that is none of ours. */
export function readFrame(message: ArrayBuffer): Frame | null {
  const view = new DataView(message);
  if (message.byteLength < HEADER || view.getUint8(0) !== VERSION) return null;
  const flags = view.getUint8(1);
  const width = flags & STEREO ? 2 : 1;
  if (flags & ~STEREO || message.byteLength !== HEADER + 2 * width * FRAME) return null;
  const channels = Array.from({ length: width }, () => new Float32Array(FRAME));
  for (const [side, channel] of channels.entries()) {
    for (let at = 0; at < FRAME; at += 1) {
      channel[at] = view.getInt16(HEADER + 2 * (at * width + side), true) / FULL;
    }
  }
  return { sequence: view.getUint16(2, true), time: view.getUint32(4, true), channels };
}

/** Frames that never came between two sequence numbers; what comes twice or late counts as none. */
export function lostBetween(before: number, after: number): number {
  const missed = (after - before - 1) & 0xffff;
  return missed < 0x8000 ? missed : 0;
}
