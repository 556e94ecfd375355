export type MicrophoneTrouble = "insecure" | "refused" | "missing" | "busy" | "lost" | "unsupported";

/** Why there is no microphone. */
export class NoMicrophone extends Error {
  constructor(readonly trouble: MicrophoneTrouble) {
    super(trouble);
  }
}

/** The microphone with the browser's echo cancellation. Raises `NoMicrophone`. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext) throw new NoMicrophone("insecure");
  if (!navigator.mediaDevices?.getUserMedia || !("AudioWorkletNode" in window))
    throw new NoMicrophone("unsupported");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
  } catch (error) {
    throw new NoMicrophone(troubleOf(error instanceof DOMException ? error.name : ""));
  }
}

export function troubleOf(name: string): MicrophoneTrouble {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      return "busy";
  }
}

/** Calls `lost` when the microphone is unplugged or taken away. */
export function onLost(stream: MediaStream, lost: () => void): void {
  for (const track of stream.getAudioTracks()) track.addEventListener("ended", lost);
}

export function closeMicrophone(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
