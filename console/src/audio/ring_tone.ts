import { audioContext, awake } from "./context";

/** Two tones, a second of ringing and two of rest, made by the browser itself; returns how to end it. */
export function ring(): () => void {
  let ended = false;
  let end = () => {};
  void begin().then((stop) => {
    if (ended) stop();
    else end = stop;
  });
  return () => {
    ended = true;
    end();
  };
}

const TONES = [480, 620];
const CYCLE_S = 3;
const LOUD = 0.12;

async function begin(): Promise<() => void> {
  const context = await audioContext().catch(() => null);
  if (!context || !(await awake())) return () => {};
  const volume = context.createGain();
  volume.gain.value = 0;
  volume.connect(context.destination);
  const tones = TONES.map((frequency) => {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start();
    return tone;
  });
  const cycle = () => {
    const now = context.currentTime;
    volume.gain.setTargetAtTime(LOUD, now, 0.02);
    volume.gain.setTargetAtTime(0, now + 0.4, 0.03);
    volume.gain.setTargetAtTime(LOUD, now + 0.6, 0.02);
    volume.gain.setTargetAtTime(0, now + 1, 0.03);
  };
  cycle();
  const again = setInterval(cycle, CYCLE_S * 1_000);
  return () => {
    clearInterval(again);
    for (const tone of tones) tone.stop();
    volume.disconnect();
  };
}
