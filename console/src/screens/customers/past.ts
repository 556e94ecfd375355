/** All that happened with a customer as one list, the latest first. Pure. */

import type { Sheet } from "./queries";

export type Part = "contacts" | "orders" | "events";
export type Happened = { key: string; at: string; part: Part } & (
  | { kind: "call"; call: Sheet["calls"][number] }
  | { kind: "attempt"; attempt: Sheet["attempts"][number] }
  | { kind: "heard"; journal: Sheet["journal"][number] }
  | { kind: "returned"; activation: Sheet["activations"][number] }
  | { kind: "order"; purchase: Sheet["purchases"][number] }
  | { kind: "event"; event: Sheet["events"][number] }
);

export function past(sheet: Sheet): Happened[] {
  const spoken = new Set(sheet.calls.map((call) => call.attempt_id));
  const found: Happened[] = [
    ...sheet.calls.map(
      (call): Happened => ({ key: call.id, at: call.started_at, part: "contacts", kind: "call", call }),
    ),
    ...sheet.attempts
      .filter((attempt) => !spoken.has(attempt.id) && attempt.dialing_at)
      .map(
        (attempt): Happened => ({
          key: attempt.id,
          at: attempt.dialing_at ?? attempt.queued_at,
          part: "contacts",
          kind: "attempt",
          attempt,
        }),
      ),
    ...sheet.journal.map(
      (journal): Happened => ({ key: journal.id, at: journal.at, part: "contacts", kind: "heard", journal }),
    ),
    ...sheet.activations.map(
      (activation): Happened => ({
        key: activation.id,
        at: activation.at,
        part: "orders",
        kind: "returned",
        activation,
      }),
    ),
    ...sheet.purchases.map(
      (purchase): Happened => ({
        key: purchase.id,
        at: purchase.at,
        part: "orders",
        kind: "order",
        purchase,
      }),
    ),
    ...sheet.events.map(
      (event): Happened => ({ key: event.id, at: event.at, part: "events", kind: "event", event }),
    ),
  ];
  return found.sort((a, b) => b.at.localeCompare(a.at));
}

export function yuan(fen: number): string {
  return `¥${(fen / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 })}`;
}
