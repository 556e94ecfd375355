/** One conversation with a customer, as whoever talks sees it. Pure. */

import type { Line, SupervisorMode, ToTalker } from "./wire";

export type Talking = {
  offerId: string;
  /** Milliseconds since the epoch, by this browser's clock. */
  since: number;
  resumed: boolean;
  held: boolean;
  muted: boolean;
  /** Supervisors in this conversation, and who hears them. */
  parties: { name: string; mode: SupervisorMode }[];
  /** What the desk measures, dBov. */
  onTheLine: { callee: number; agent: number };
};

export function talking(offerId: string, since: number, resumed = false): Talking {
  return {
    offerId,
    since,
    resumed,
    held: false,
    muted: false,
    parties: [],
    onTheLine: { callee: -90, agent: -90 },
  };
}

/** After a message that does not begin a conversation. */
export function heard(before: Talking, message: ToTalker): Talking {
  switch (message.type) {
    case "hold":
      return { ...before, held: message.on };
    case "mute":
      return { ...before, muted: message.on };
    case "level":
      return { ...before, onTheLine: { callee: message.callee, agent: message.agent } };
    case "party": {
      const others = before.parties.filter((each) => each.name !== message.name);
      const parties =
        message.mode === "gone" ? others : [...others, { name: message.name, mode: message.mode }];
      return { ...before, parties };
    }
    case "ended":
    case "connected":
    case "said":
    case "refused":
    case "ping":
      return before;
  }
}

/** The lines with one more, in the order of the recording; a line that is written better replaces itself. */
export function withLine(lines: readonly Line[], line: Line): Line[] {
  const same = lines.findIndex((each) => each.speaker === line.speaker && each.start_ms === line.start_ms);
  if (same >= 0) return lines.map((each, index) => (index === same ? line : each));
  const before = lines.findLastIndex((each) => each.start_ms <= line.start_ms);
  return lines.toSpliced(before + 1, 0, line);
}
