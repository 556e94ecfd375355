import { audioContext } from "./context";
import { FrameWriter, lostBetween, readFrame } from "./frames";
import { level, SILENCE } from "./level";
import type { Standing, ToLoudspeaker } from "./loudspeaker.worklet";

/** dBov of the customer, of whoever talks to them where that is heard too, and of oneself. */
export type Levels = { heard: number; other: number; spoken: number };

/** Sound of one conversation: the desk's frames to the loudspeaker, the microphone's frames to the desk. */
export class Sound {
  readonly levels: Levels = { heard: SILENCE, other: SILENCE, spoken: SILENCE };
  standing: Standing = { depthMs: 0, droppedMs: 0, gaps: 0 };
  /** Frames of the desk that never came. */
  lost = 0;
  muted = false;
  private readonly writer = new FrameWriter();
  private readonly loudspeaker: AudioWorkletNode;
  private microphone: AudioWorkletNode | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private sequence: number | null = null;

  private constructor(
    private readonly context: AudioContext,
    width: number,
    private readonly send: (frame: ArrayBuffer) => void,
  ) {
    this.loudspeaker = new AudioWorkletNode(context, "loudspeaker", {
      numberOfInputs: 0,
      outputChannelCount: [width],
    });
    this.loudspeaker.port.onmessage = ({ data }: MessageEvent<Standing>) => {
      this.standing = data;
    };
    this.loudspeaker.connect(context.destination);
  }

  /** `width` 2 takes stereo frames. `send` gets a frame every 20 ms from `speak` to `end`. */
  static async open(width: 1 | 2, send: (frame: ArrayBuffer) => void): Promise<Sound> {
    return new Sound(await audioContext(), width, send);
  }

  /** Sends what the microphone hears; another microphone takes its place. */
  speak(stream: MediaStream): void {
    if (this.source?.mediaStream === stream) return;
    this.fallSilent();
    this.source = this.context.createMediaStreamSource(stream);
    this.microphone = new AudioWorkletNode(this.context, "microphone", {
      numberOfOutputs: 0,
      channelCount: 1,
    });
    this.microphone.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      if (this.muted) data.fill(0);
      this.levels.spoken = level(data);
      this.send(this.writer.write(data));
    };
    this.source.connect(this.microphone);
  }

  fallSilent(): void {
    this.source?.disconnect();
    this.microphone?.port.postMessage("end");
    this.microphone?.disconnect();
    this.source = null;
    this.microphone = null;
    this.levels.spoken = SILENCE;
  }

  /** Plays a message of the desk. */
  hear(message: ArrayBuffer): void {
    const frame = readFrame(message);
    if (!frame) return;
    if (this.sequence !== null) this.lost += lostBetween(this.sequence, frame.sequence);
    this.sequence = frame.sequence;
    this.levels.heard = level(frame.channels[0] as Float32Array);
    this.levels.other = frame.channels[1] ? level(frame.channels[1]) : SILENCE;
    this.tell(
      frame.channels,
      frame.channels.map((each) => each.buffer as ArrayBuffer),
    );
  }

  /** Forgets what waits to be played. */
  clear(): void {
    this.tell("clear");
    this.levels.heard = SILENCE;
  }

  end(): void {
    this.fallSilent();
    this.tell("end");
    this.loudspeaker.disconnect();
    this.levels.heard = SILENCE;
  }

  private tell(what: ToLoudspeaker, given: Transferable[] = []): void {
    this.loudspeaker.port.postMessage(what, given);
  }
}
