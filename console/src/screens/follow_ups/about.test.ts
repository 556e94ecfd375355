import { expect, test } from "vitest";
import { aboutOf, firstDueOf } from "./about";

const ROW = { note: "", due_at: "2026-03-02T03:00:00Z", detail: {} };

test("it tells why, in which words, and what was noted, each once", () => {
  const detail = { why: "换新，明天寄出", words: "坏了两次", transfers: [], spoken: "" };
  expect(aboutOf({ ...ROW, note: "坏了两次", detail })).toBe("换新，明天寄出 · 坏了两次");
  expect(aboutOf(ROW)).toBe("");
});

test("the first due time is told only when it was another one", () => {
  expect(firstDueOf(ROW)).toBeNull();
  expect(firstDueOf({ ...ROW, detail: { first_due_at: "2026-03-02T03:00:00+00:00" } })).toBeNull();
  expect(firstDueOf({ ...ROW, detail: { first_due_at: "2026-03-01T03:00:00Z" } })).toBe(
    "2026-03-01T03:00:00Z",
  );
});
