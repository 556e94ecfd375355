/** A supervisor in one running call, as a pure machine. */

import type { Link } from "./connection";
import { heard, type Talking, talking, withLine } from "./talk";
import type { EndedBy, Line, SupervisorMode, ToSupervisor } from "./wire";

export type Supervising = {
  link: Link;
  mode: SupervisorMode;
  talksTo: "bot" | "agent";
  agent: string;
  /** Begins when the supervisor talks to the customer. */
  talk: Talking | null;
  /** How one's own conversation ended; its form is to be written. */
  ended: { offerId: string; by: EndedBy } | null;
  said: Line[];
  over: boolean;
  refused: { n: number; message: string } | null;
};

export const START: Supervising = {
  link: "connecting",
  mode: "listen",
  talksTo: "bot",
  agent: "",
  talk: null,
  ended: null,
  said: [],
  over: false,
  refused: null,
};

export type Step =
  | { type: "link"; link: Link }
  | { type: "desk"; message: ToSupervisor }
  | { type: "written" };

export function step(now: Supervising, happened: Step, at: number): Supervising {
  switch (happened.type) {
    case "link":
      // Whoever comes back is muted: nobody shall be heard without having said so.
      return { ...now, link: happened.link, mode: happened.link === "open" ? now.mode : "listen" };
    case "written":
      return { ...now, ended: null };
    case "desk":
      return told(now, happened.message, at);
  }
}

function told(now: Supervising, message: ToSupervisor, at: number): Supervising {
  switch (message.type) {
    case "listening":
      return { ...now, mode: message.mode, talksTo: message.talks_to, agent: message.agent };
    case "over":
      return { ...now, over: true, talk: null };
    case "connected":
      return { ...now, talk: talking(message.offer_id, at, message.resumed) };
    case "ended":
      return { ...now, talk: null, mode: "listen", ended: { offerId: message.offer_id, by: message.by } };
    case "said": {
      const { speaker, text, start_ms, end_ms } = message;
      return { ...now, said: withLine(now.said, { speaker, text, start_ms, end_ms }) };
    }
    case "refused":
      return { ...now, refused: { n: (now.refused?.n ?? 0) + 1, message: message.message } };
    default:
      return now.talk ? { ...now, talk: heard(now.talk, message) } : now;
  }
}

/** Must the microphone be open? */
export function speaks({ mode, talk }: Supervising): boolean {
  return mode !== "listen" || talk !== null;
}

/** Whisper and barge need an agent to speak to. */
export function possible(mode: SupervisorMode, { talksTo, mode: now }: Supervising): boolean {
  if (now === "take_over") return mode === "take_over";
  return mode === "listen" || mode === "take_over" || talksTo === "agent";
}
