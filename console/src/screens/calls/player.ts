/** The recording: its outline on two lines, played by the browser in parts as it needs them. */

import { useCallback, useEffect, useRef, useState } from "react";
import WaveSurfer from "wavesurfer.js";
import type { Peaks } from "./queries";

export type Player = {
  at_ms: number;
  playing: boolean;
  failed: boolean;
  rate: number;
  toggle: () => void;
  seek: (ms: number, play?: boolean) => void;
  setRate: (rate: number) => void;
};

export const RATES = [0.75, 1, 1.25, 1.5, 2] as const;
const COLOURS = [
  { waveColor: "#8fb8ff", progressColor: "#1456cc" },
  { waveColor: "#b8bec9", progressColor: "#4e5561" },
];

/** Draws into `place` once it is there: the callee above, bot or agent below. */
export function usePlayer(place: HTMLElement | null, address: string, peaks: Peaks | undefined): Player {
  const surfer = useRef<WaveSurfer | null>(null);
  const ready = useRef(false);
  /** Where somebody wanted to be before the recording could be played, and whether to hear it. */
  const wish = useRef<{ ms: number; play: boolean } | null>(null);
  const [at_ms, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState(false);
  const [rate, keepRate] = useState(1);

  useEffect(() => {
    if (!place || !peaks) return;
    const made = WaveSurfer.create({
      container: place,
      url: address,
      peaks: [peaks.callee, peaks.bot],
      duration: peaks.duration_ms / 1000,
      splitChannels: COLOURS,
      height: 44,
      normalize: true,
      cursorColor: "#d4380d",
      cursorWidth: 2,
      dragToSeek: true,
    });
    made.on("ready", () => {
      ready.current = true;
      if (wish.current) {
        made.setTime(wish.current.ms / 1000);
        if (wish.current.play) void made.play();
        wish.current = null;
      }
    });
    made.on("timeupdate", (seconds) => setAt(seconds * 1000));
    made.on("play", () => setPlaying(true));
    made.on("pause", () => setPlaying(false));
    made.on("finish", () => setPlaying(false));
    made.on("error", () => setFailed(true));
    surfer.current = made;
    return () => {
      surfer.current = null;
      ready.current = false;
      made.destroy();
    };
  }, [place, address, peaks]);

  const seek = useCallback((ms: number, play = false) => {
    setAt(ms);
    if (!ready.current) {
      wish.current = { ms, play };
      return;
    }
    surfer.current?.setTime(ms / 1000);
    if (play) void surfer.current?.play();
  }, []);
  const toggle = useCallback(() => void surfer.current?.playPause(), []);
  const setRate = useCallback((next: number) => {
    surfer.current?.setPlaybackRate(next, true);
    keepRate(next);
  }, []);
  return { at_ms, playing, failed, rate, toggle, seek, setRate };
}
