/** The agent's desk as a pure machine: what the desk says and what the agent does, in; what the screen shows, out. */

import type { Link } from "../../audio/connection";
import { heard, type Talking, talking, withLine } from "../../audio/talk";
import type { EndedBy, FromDesk, Line, Offer, Presence } from "../../audio/wire";

export type Ringing = {
  offer: Offer;
  /** Milliseconds since the epoch. */
  from: number;
  until: number;
  waitedS: number;
  slaS: number;
  escalation: number;
  answered: "accept" | "decline" | null;
};

/** A conversation that is over and not written about yet. */
export type Unwritten = { offer: Offer; said: Line[]; by: EndedBy };

/** Something to tell once; `n` tells two equal ones apart. */
export type Notice =
  | { n: number; kind: "refused"; message: string }
  | { n: number; kind: "withdrawn"; why: "timeout" | "customer_left" | "taken" | "telephone" };

export type Desk = {
  link: Link;
  agentId: string;
  /** The end of the number on which one talks; empty: in this browser. */
  telephone: string;
  presence: Presence;
  reason: string;
  /** Since when in this presence, milliseconds since the epoch. */
  since: number;
  breakReasons: string[];
  ringing: Ringing | null;
  /** The customer one talks to; known without `talk` after a reload, until the desk says how it stands. */
  offer: Offer | null;
  talk: Talking | null;
  said: Line[];
  /** The oldest first. */
  unwritten: Unwritten[];
  notice: Notice | null;
  told: number;
};

export const START: Desk = {
  link: "closed",
  agentId: "",
  telephone: "",
  presence: "offline",
  reason: "",
  since: 0,
  breakReasons: [],
  ringing: null,
  offer: null,
  talk: null,
  said: [],
  unwritten: [],
  notice: null,
  told: 0,
};

/** What outlives a reload of the page. */
export type Kept = Pick<Desk, "offer" | "said" | "unwritten">;

export type Step =
  | { type: "link"; link: Link }
  | { type: "answered"; answer: "accept" | "decline" }
  /** The form of this conversation is on its way, or will not be written. */
  | { type: "written"; offerId: string }
  | ({ type: "kept" } & Kept)
  | { type: "desk"; message: FromDesk };

export function step(desk: Desk, happened: Step, now: number): Desk {
  switch (happened.type) {
    case "link":
      return linked(desk, happened.link);
    case "answered":
      return desk.ringing ? { ...desk, ringing: { ...desk.ringing, answered: happened.answer } } : desk;
    case "written":
      return { ...desk, unwritten: desk.unwritten.filter(({ offer }) => offer.id !== happened.offerId) };
    case "kept":
      if (desk.offer || desk.unwritten.length) return desk;
      return { ...desk, offer: happened.offer, said: happened.said, unwritten: happened.unwritten };
    case "desk":
      return told(desk, happened.message, now);
  }
}

/** A lost connection keeps the customer: the desk holds them for some seconds. What rang is gone. */
function linked(desk: Desk, link: Link): Desk {
  if (link === "open") return { ...desk, link };
  return { ...desk, link, presence: desk.talk ? desk.presence : "offline", ringing: null };
}

function told(desk: Desk, message: FromDesk, now: number): Desk {
  switch (message.type) {
    case "welcome":
      return {
        ...desk,
        agentId: message.agent_id,
        breakReasons: message.break_reasons,
        telephone: message.telephone,
      };
    case "presence":
      return present(desk, message.presence, message.reason, now);
    case "ring":
      return {
        ...desk,
        ringing: {
          offer: message.offer,
          from: now,
          until: now + message.timeout_s * 1_000,
          waitedS: message.waited_s,
          slaS: message.sla_s,
          escalation: message.escalation,
          answered: null,
        },
      };
    case "brief":
      return {
        ...desk,
        ringing: rebriefed(desk.ringing, message.offer_id, message.brief),
        offer: desk.offer?.id === message.offer_id ? { ...desk.offer, brief: message.brief } : desk.offer,
      };
    case "withdrawn":
      if (desk.ringing?.offer.id !== message.offer_id) return desk;
      return notify({ ...desk, ringing: null }, { kind: "withdrawn", why: message.why });
    case "connected":
      return connected(desk, message.offer_id, message.resumed, now);
    case "said":
      return said(desk, message.offer_id, message);
    case "ended":
      return desk.talk?.offerId === message.offer_id ? over(desk, message.by) : desk;
    case "refused":
      return notify(desk, { kind: "refused", message: message.message });
    default:
      return desk.talk ? { ...desk, talk: heard(desk.talk, message) } : desk;
  }
}

function present(desk: Desk, presence: Presence, reason: string, now: number): Desk {
  const same = desk.presence === presence && desk.reason === reason;
  const next = { ...desk, presence, reason, since: same ? desk.since : now };
  if (!["available", "break", "wrap_up"].includes(presence)) return next;
  // Whoever is free has no customer: nothing rings, and an end was missed while the connection was lost.
  return over({ ...next, ringing: null }, "failed");
}

function connected(desk: Desk, offerId: string, resumed: boolean, now: number): Desk {
  if (resumed && desk.talk?.offerId === offerId) return { ...desk, talk: { ...desk.talk, resumed } };
  const rung = desk.ringing?.offer.id === offerId ? desk.ringing.offer : null;
  const talk = talking(offerId, now, resumed);
  if (rung) return { ...desk, ringing: null, offer: rung, said: rung.said ?? [], talk };
  const known = desk.offer?.id === offerId;
  return { ...desk, ringing: null, offer: known ? desk.offer : null, said: known ? desk.said : [], talk };
}

/** The conversation is over: its form is to be written. */
function over(desk: Desk, by: EndedBy): Desk {
  if (!desk.talk && !desk.offer) return desk;
  const unwritten = desk.offer
    ? [...desk.unwritten, { offer: desk.offer, said: desk.said, by }]
    : desk.unwritten;
  return { ...desk, offer: null, talk: null, said: [], unwritten };
}

/** Lines come while it rings, while one talks, and afterwards as well: speech is written down a little later. */
function said(desk: Desk, offerId: string, { speaker, text, start_ms, end_ms }: Line): Desk {
  const line = { speaker, text, start_ms, end_ms };
  if (desk.ringing?.offer.id === offerId) {
    const lines = withLine(desk.ringing.offer.said ?? [], line);
    return { ...desk, ringing: { ...desk.ringing, offer: { ...desk.ringing.offer, said: lines } } };
  }
  if (desk.talk?.offerId === offerId) return { ...desk, said: withLine(desk.said, line) };
  const unwritten = desk.unwritten.map((each) =>
    each.offer.id === offerId ? { ...each, said: withLine(each.said, line) } : each,
  );
  return { ...desk, unwritten };
}

function rebriefed(ringing: Ringing | null, offerId: string, brief: Offer["brief"]): Ringing | null {
  if (ringing?.offer.id !== offerId) return ringing;
  return { ...ringing, offer: { ...ringing.offer, brief } };
}

type Untold<T> = T extends unknown ? Omit<T, "n"> : never;

function notify(desk: Desk, notice: Untold<Notice>): Desk {
  return { ...desk, told: desk.told + 1, notice: { ...notice, n: desk.told + 1 } };
}
