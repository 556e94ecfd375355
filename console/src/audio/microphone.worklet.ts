import { Framer } from "./framer";

const BLOCK = 128;

/** Posts a frame every 20 ms, silence where the microphone gives nothing. */
class Microphone extends AudioWorkletProcessor {
  private readonly framer = new Framer(sampleRate);
  private readonly nothing = new Float32Array(BLOCK);
  private open = true;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.open = false;
    };
  }

  process(inputs: Float32Array[][]): boolean {
    for (const frame of this.framer.put(inputs[0]?.[0] ?? this.nothing)) {
      this.port.postMessage(frame, [frame.buffer]);
    }
    return this.open;
  }
}

registerProcessor("microphone", Microphone);
