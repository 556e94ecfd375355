/** What the desk and a browser say to each other: handoff/wire.py and docs/calls.md, "The desk". */

export type Presence = "offline" | "available" | "ringing" | "busy" | "wrap_up" | "break";
export type Speaker = "bot" | "callee" | "agent";
export type SupervisorMode = "listen" | "whisper" | "barge" | "take_over";
export type EndedBy = "callee" | "agent" | "agent_left" | "handed_back" | "taken_over" | "failed";

export type Brief = {
  why: string;
  customer: string;
  own_words: string;
  own_words_ms: [number, number] | null;
  mood: string[];
  answered: Record<string, string>;
  promised: string[];
  may_offer: string[];
  do: string[];
  dont: string[];
  summary: string;
};

export type Line = { speaker: Speaker; text: string; start_ms: number; end_ms: number };

export type Offer = {
  id: string;
  call_id: string;
  customer_id: string;
  reason: string;
  skill: string;
  priority: number;
  own_agent_id: string;
  only_agent_id: string;
  brief: Brief;
  said?: Line[];
};

export type WrapUp = {
  outcome: string;
  note: string;
  promise: string;
  follow_up: string;
  extra: Record<string, unknown>;
};

/** Either way. */
export type Switch = { type: "hold" | "mute"; on: boolean };

export type ToTalker =
  | { type: "connected"; offer_id: string; resumed: boolean }
  | { type: "ended"; offer_id: string; by: EndedBy }
  | Switch
  | { type: "level"; callee: number; agent: number }
  | ({ type: "said"; offer_id: string } & Line)
  | { type: "party"; name: string; mode: SupervisorMode | "gone" }
  | { type: "refused"; message: string }
  | { type: "ping"; n: number };

export type FromDesk =
  | ToTalker
  | {
      type: "welcome";
      agent_id: string;
      name: string;
      sound: string;
      break_reasons: string[];
      /** The end of the number on which this agent talks; empty: in this browser. */
      telephone: string;
    }
  | { type: "presence"; presence: Presence; reason: string }
  | { type: "ring"; offer: Offer; timeout_s: number; waited_s: number; sla_s: number; escalation: number }
  | { type: "brief"; offer_id: string; brief: Brief }
  | { type: "withdrawn"; offer_id: string; why: "timeout" | "customer_left" | "taken" | "telephone" };

export type ToSupervisor =
  | ToTalker
  | { type: "listening"; call_id: string; talks_to: "bot" | "agent"; agent: string; mode: SupervisorMode }
  | { type: "over"; by: string };

export type Talk =
  | Switch
  | { type: "hand_back"; note: string }
  | { type: "hangup" }
  | { type: "wrap_up"; offer_id: string; form: WrapUp };

export type FromAgent =
  | Talk
  | { type: "presence"; presence: "available" | "break"; reason: string }
  | { type: "accept"; offer_id: string }
  | { type: "decline"; offer_id: string; reason: string };

export type FromSupervisor = Talk | { type: "mode"; mode: SupervisorMode } | { type: "end" };
