/** One stream of events for all who look at the board, and none while nobody does. */

import { useSyncExternalStore } from "react";
import { applied, type BoardState, type LiveItem, nothingYet } from "./board_state";

export type Connection = "connecting" | "open" | "lost";
export type Live = { board: BoardState; connection: Connection; came: boolean };

let live: Live = { board: nothingYet, connection: "connecting", came: false };
let stream: EventSource | undefined;
let drawing = 0;
const lookers = new Set<() => void>();

/** Changes that come within one frame are drawn once. */
function change(next: Live): void {
  live = next;
  if (drawing) return;
  drawing = requestAnimationFrame(() => {
    drawing = 0;
    for (const looker of lookers) looker();
  });
}

function message(event: MessageEvent<string>): void {
  const { items } = JSON.parse(event.data) as { items: LiveItem[] };
  change({ board: applied(live.board, items, event.type === "whole"), connection: "open", came: true });
}

/** The browser itself comes back after a break, with the id of the last event; a refusal ends the stream. */
function open(): void {
  stream = new EventSource("/api/live");
  stream.addEventListener("whole", message);
  stream.addEventListener("change", message);
  stream.onopen = () => change({ ...live, connection: "open" });
  stream.onerror = () => {
    change({ ...live, connection: "lost" });
    if (stream?.readyState === EventSource.CLOSED) setTimeout(again, 5_000);
  };
}

function again(): void {
  if (stream?.readyState === EventSource.CLOSED && lookers.size) open();
}

function look(looker: () => void): () => void {
  lookers.add(looker);
  if (lookers.size === 1) open();
  return () => {
    lookers.delete(looker);
    if (lookers.size) return;
    stream?.close();
    stream = undefined;
    live = { board: nothingYet, connection: "connecting", came: false };
  };
}

export function useLive(): Live {
  return useSyncExternalStore(look, () => live);
}
