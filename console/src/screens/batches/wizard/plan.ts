/** What a new batch is made of, while it is being made, and how it is sent. Pure. */

import type { Dayjs } from "dayjs";
import type { components } from "../../../api/schema";
import { spansOf } from "../../../parts/spans";

type Schemas = components["schemas"];
export type StagedList = Schemas["StagedListOut"];
export type TakenIn = Schemas["TakenInOut"];
export type Segment = Schemas["SegmentOut"];
export type NewBatch = Schemas["NewBatchIn"];

export type Source = "upload" | "segment";

/** Who is called. */
export type Who = {
  source: Source;
  staged: StagedList | null;
  taken: TakenIn | null;
  segments: string[];
};

/** What the fields of the later steps hold. */
export type Fields = {
  name: string;
  flow: string;
  purpose: "marketing" | "service_followup";
  offers: string[];
  days?: [Dayjs | null, Dayjs | null] | null;
  lines: number;
  priority: number;
  holdOut: number;
  windows?: { "mon-fri"?: string; "sat-sun"?: string };
  caps?: Record<string, number | null | undefined>;
};

export const firstFields: Omit<Fields, "name" | "flow"> = {
  purpose: "marketing",
  offers: [],
  lines: 1,
  priority: 0,
  holdOut: 5,
};

/** Values that differ from the policy; the server takes nothing else for a batch's own. */
export function ownPolicy(fields: Pick<Fields, "windows" | "caps">): NewBatch["policy"] {
  const windows = Object.entries(fields.windows ?? {}).flatMap(([day, text]) =>
    text?.trim() ? [[day, spansOf(text)]] : [],
  );
  const caps = Object.entries(fields.caps ?? {}).filter(([, value]) => typeof value === "number");
  return {
    ...(windows.length ? { windows: Object.fromEntries(windows) } : {}),
    ...(caps.length ? { caps: Object.fromEntries(caps) } : {}),
  };
}

export function toSend(who: Who, fields: Fields, insteadOf: string): NewBatch {
  const [from, until] = fields.days ?? [null, null];
  return {
    name: fields.name.trim(),
    list_id: who.source === "upload" ? (who.taken?.list_id ?? "") : "",
    segments: who.segments,
    flow: fields.flow,
    purpose: fields.purpose,
    lines: fields.lines,
    priority: fields.priority,
    starts_on: from?.format("YYYY-MM-DD") ?? null,
    ends_on: until?.format("YYYY-MM-DD") ?? null,
    offers: fields.offers,
    hold_out_percent: fields.holdOut,
    policy: ownPolicy(fields),
    instead_of: insteadOf,
  };
}

/** The industries of those who are called, as far as they are known before the draft. */
export function industriesOf(who: Who, ofSegments: string[]): string[] {
  return who.source === "upload" ? Object.keys(who.taken?.makeup.industries ?? {}) : ofSegments;
}

type Flow = Schemas["FlowLineOut"];

/**
 * Flows that fit the industries: a single one has its own, several share a folder. What is made for most industries
 * comes first: what is special is chosen, never taken by default.
 */
export function fitting(flows: Flow[], industries: string[]): { name: string; title: string }[] {
  const folders = new Map<string, Set<string>>();
  const folderOf = (name: string) => (name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "");
  const breadth = (name: string) => folders.get(folderOf(name))?.size ?? 0;
  for (const flow of flows) {
    const folder = folderOf(flow.name);
    if (folder && flow.industry) folders.set(folder, (folders.get(folder) ?? new Set()).add(flow.industry));
  }
  const whole = [...folders]
    .filter(([, has]) => industries.every((industry) => has.has(industry)))
    .map(([name]) => ({ name, title: "" }));
  const own = flows
    .filter((flow) => !flow.industry || industries.every((industry) => industry === flow.industry))
    .sort((a, b) => Number(!a.industry) - Number(!b.industry) || breadth(b.name) - breadth(a.name))
    .map(({ name, title }) => ({ name, title }));
  return industries.length > 1 ? [...whole, ...own] : [...own, ...whole];
}
