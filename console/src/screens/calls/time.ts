/** Where things of a call lie in time. Pure. */

import type { Note, Sheet, Turn } from "./queries";

/** The turn that is being spoken at `ms`, else the last one that began before; -1 before the first. */
export function turnAt(turns: readonly Turn[], ms: number): number {
  let found = -1;
  for (const [index, turn] of turns.entries()) {
    if (turn.start_ms > ms) break;
    found = index;
  }
  return found;
}

export function inOrder(turns: readonly Turn[]): Turn[] {
  return [...turns].sort((a, b) => a.start_ms - b.start_ms || a.position - b.position);
}

export type MarkKind = "bargeIn" | "blocked" | "journal" | "note";
export type Mark = { kind: MarkKind; at_ms: number; text: string };

/** What happened at one moment: barge-ins, what the guard stopped, what was written down, notes. */
export function marksOf(sheet: Sheet, notes: readonly Note[]): Mark[] {
  const marks: Mark[] = [
    ...sheet.turns
      .filter((turn) => turn.interrupted && turn.speaker === "bot")
      .map((turn) => ({ kind: "bargeIn" as const, at_ms: turn.end_ms, text: turn.heard })),
    ...sheet.blocks.map((block) => ({ kind: "blocked" as const, at_ms: block.at_ms, text: block.text })),
    ...sheet.journal.map((row) => ({ kind: "journal" as const, at_ms: row.at_ms, text: row.kind })),
    ...notes
      .filter((note) => note.at_ms !== null)
      .map((note) => ({ kind: "note" as const, at_ms: note.at_ms ?? 0, text: note.text })),
  ];
  return marks.sort((a, b) => a.at_ms - b.at_ms);
}

/** A moment as a share of the whole, in percent. */
export function share(ms: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.max(0, (ms / whole) * 100)) : 0;
}

/** What the callee heard of a turn, and what they did not. */
export function heardOf(turn: Turn): { heard: string; unheard: string } {
  if (!turn.interrupted) return { heard: turn.text, unheard: "" };
  const cut = turn.text.startsWith(turn.heard);
  return { heard: turn.heard, unheard: cut ? turn.text.slice(turn.heard.length) : "" };
}
