import type { Dayjs } from "dayjs";
import type { WrapUp } from "../../audio/wire";

export const OUTCOMES = [
  "resolved",
  "complaint_taken",
  "interested",
  "considering",
  "refused",
  "do_not_call",
  "other",
] as const;

/** The form as it is filled in. */
export type Written = {
  outcome: (typeof OUTCOMES)[number];
  promise?: string;
  due?: Dayjs | null;
  followUp?: string;
  note?: string;
  asked?: string[];
};

/** As the desk takes it. A time without a promise says nothing. */
export function formOf({ outcome, promise, due, followUp, note, asked }: Written): WrapUp {
  const promised = promise?.trim() ?? "";
  return {
    outcome,
    note: note?.trim() ?? "",
    promise: promised,
    follow_up: followUp?.trim() ?? "",
    extra: {
      ...(promised && due ? { promise_due_at: due.toISOString() } : {}),
      ...(asked?.length ? { asked_again: asked } : {}),
    },
  };
}
