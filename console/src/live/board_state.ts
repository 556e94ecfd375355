/** The board as it stands, brought up to date by the server's messages. Pure. */

import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type RunningCall = Schemas["RunningCallOut"];
export type BatchNow = Schemas["BatchNowOut"];
export type AgentNow = Schemas["AgentNow"];
export type OpenTransfer = Schemas["OpenTransferOut"];
export type Alarm = Schemas["AlarmOut"];
export type Figures = Schemas["FiguresOut"];
export type LiveItem = Schemas["LiveItem"];

export type BoardState = {
  call: ReadonlyMap<string, RunningCall>;
  batch: ReadonlyMap<string, BatchNow>;
  desk: ReadonlyMap<string, AgentNow>;
  transfer: ReadonlyMap<string, OpenTransfer>;
  alarm: ReadonlyMap<string, Alarm>;
  figures: ReadonlyMap<string, Figures>;
};
type Topic = keyof BoardState;

export const nothingYet: BoardState = {
  call: new Map(),
  batch: new Map(),
  desk: new Map(),
  transfer: new Map(),
  alarm: new Map(),
  figures: new Map(),
};

/**
 * The state after one message. `whole`: what is not in it does not exist. What a message does not touch stays the
 * same object, so that only the rows that changed are drawn again.
 */
export function applied(state: BoardState, items: readonly LiveItem[], whole: boolean): BoardState {
  const next: Record<Topic, Map<string, unknown>> = {
    call: new Map(whole ? [] : state.call),
    batch: new Map(whole ? [] : state.batch),
    desk: new Map(whole ? [] : state.desk),
    transfer: new Map(whole ? [] : state.transfer),
    alarm: new Map(whole ? [] : state.alarm),
    figures: new Map(whole ? [] : state.figures),
  };
  const touched = new Set<Topic>();
  for (const item of items) {
    const topic = item.topic as Topic;
    if (!(topic in next)) continue;
    touched.add(topic);
    const before = state[topic].get(item.key);
    if (item.value === null) next[topic].delete(item.key);
    else next[topic].set(item.key, same(before, item.value) ? before : item.value);
  }
  const all = Object.keys(next) as Topic[];
  const kept = all.map((topic) => [topic, whole || touched.has(topic) ? next[topic] : state[topic]]);
  return Object.fromEntries(kept) as BoardState;
}

function same(a: unknown, b: unknown): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
