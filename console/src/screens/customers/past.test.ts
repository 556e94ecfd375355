import { describe, expect, it } from "vitest";
import { assessmentOf } from "./assessment";
import { past, yuan } from "./past";
import type { Sheet } from "./queries";

const sheet = {
  calls: [{ id: "c1", attempt_id: "a1", started_at: "2026-03-02T03:00:00Z" }],
  attempts: [
    { id: "a1", dialing_at: "2026-03-02T02:59:50Z", queued_at: "2026-03-01T00:00:00Z" },
    { id: "a2", dialing_at: "2026-03-03T02:00:00Z", queued_at: "2026-03-01T00:00:00Z" },
    { id: "a3", dialing_at: null, queued_at: "2026-03-04T00:00:00Z" },
  ],
  journal: [],
  activations: [],
  purchases: [{ id: "p1", at: "2025-11-20T00:00:00Z" }],
  events: [{ id: "e1", at: "2026-03-05T00:00:00Z" }],
} as unknown as Sheet;

describe("past", () => {
  it("has the latest on top, a call once, and nothing of an attempt that was not made", () => {
    expect(past(sheet).map((each) => each.key)).toEqual(["e1", "a2", "c1", "p1"]);
  });
});

describe("assessmentOf", () => {
  it("reads what is there and does without the rest", () => {
    expect(assessmentOf({ silence: { days: 120 }, evidence: [{ at: null, words: "退款" }] })).toEqual({
      days: 120,
      evidence: [{ at: null, words: "退款" }],
      probability: null,
      because: "",
      figures: "",
    });
    expect(assessmentOf({ silence: "?", evidence: 3 }).days).toBeNull();
  });
});

describe("yuan", () => {
  it("writes money from fen", () => expect(yuan(123456)).toBe("¥1,234.56"));
});
