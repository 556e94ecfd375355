import { useSyncExternalStore } from "react";

/** One clock for all who show a running time: a screen of two hundred calls has one timer. */
const waiting = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function wait(tick: () => void): () => void {
  waiting.add(tick);
  if (!timer) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const each of waiting) each();
    }, 1_000);
  }
  return () => {
    waiting.delete(tick);
    if (!waiting.size) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Milliseconds since the epoch, once a second. */
export function useNow(): number {
  return useSyncExternalStore(wait, () => now);
}
