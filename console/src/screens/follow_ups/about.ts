/** What a follow-up is about, from what the call left in it. */

type Row = { note: string; due_at: string; detail: Record<string, unknown> };

const TOLD = ["why", "spoken", "words"] as const;

export function aboutOf({ note, detail }: Row): string {
  const told = TOLD.map((name) => detail[name]).filter(
    (value): value is string => typeof value === "string" && value !== "",
  );
  return [...new Set([...told, note].filter(Boolean))].join(" · ");
}

/** When it was due before somebody put it off; null where nobody has. */
export function firstDueOf({ due_at, detail }: Row): string | null {
  const first = detail.first_due_at;
  return typeof first === "string" && Date.parse(first) !== Date.parse(due_at) ? first : null;
}
