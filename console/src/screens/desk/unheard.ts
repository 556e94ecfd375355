const SPEAKS = -45;
const NOTHING = -70;

/** Does one speak without the desk hearing it? Unknown while one is silent. Levels in dBov. */
export function unheard(now: {
  muted: boolean;
  held: boolean;
  spoken: number;
  onTheLine: number;
}): "yes" | "no" | "unknown" {
  if (now.muted || now.held || now.onTheLine > NOTHING) return "no";
  return now.spoken > SPEAKS ? "yes" : "unknown";
}
