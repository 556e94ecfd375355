import loudspeaker from "./loudspeaker.worklet?worker&url";
import microphone from "./microphone.worklet?worker&url";

let shared: Promise<AudioContext> | null = null;

/** The page's one audio context, with our worklets in it. Raises where the browser has no AudioWorklet. */
export function audioContext(): Promise<AudioContext> {
  shared ??= made();
  return shared;
}

async function made(): Promise<AudioContext> {
  const context = new AudioContext({ latencyHint: "interactive" });
  try {
    await Promise.all([
      context.audioWorklet.addModule(microphone),
      context.audioWorklet.addModule(loudspeaker),
    ]);
  } catch (error) {
    shared = null;
    await context.close();
    throw error;
  }
  return context;
}

/** Browsers keep a page silent until somebody has clicked in it; true once sound may be heard. */
export async function awake(): Promise<boolean> {
  const context = await audioContext();
  if (context.state !== "running") await Promise.race([context.resume(), pause(300)]);
  return context.state === "running";
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
