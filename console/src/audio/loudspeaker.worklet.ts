import { PlayBuffer } from "./play_buffer";

/** What the page tells the loudspeaker: a frame's channels, to forget what waits, to end. */
export type ToLoudspeaker = Float32Array[] | "clear" | "end";
/** Of the buffer, once a second. */
export type Standing = { depthMs: number; droppedMs: number; gaps: number };

const REPORT_S = 1;

class Loudspeaker extends AudioWorkletProcessor {
  private readonly buffer: PlayBuffer;
  private open = true;
  private untilReport = 0;

  constructor(options: AudioWorkletNodeOptions) {
    super();
    this.buffer = new PlayBuffer(sampleRate, options.outputChannelCount?.[0] ?? 1);
    this.port.onmessage = ({ data }: MessageEvent<ToLoudspeaker>) => {
      if (data === "end") this.open = false;
      else if (data === "clear") this.buffer.clear();
      else this.buffer.put(data);
    };
  }

  process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const blocks = outputs[0] ?? [];
    this.buffer.read(blocks);
    this.untilReport -= blocks[0]?.length ?? 0;
    if (this.untilReport <= 0) {
      this.untilReport = REPORT_S * sampleRate;
      const { average, dropped, gaps } = this.buffer;
      const standing: Standing = { depthMs: average / 16, droppedMs: dropped / 16, gaps };
      this.port.postMessage(standing);
    }
    return this.open;
  }
}

registerProcessor("loudspeaker", Loudspeaker);
