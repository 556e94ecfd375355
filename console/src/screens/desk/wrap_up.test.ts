import dayjs from "dayjs";
import { expect, test } from "vitest";
import { unheard } from "./unheard";
import { formOf } from "./wrap_up";

test("a promise goes with its time, in UTC", () => {
  const form = formOf({
    outcome: "resolved",
    promise: " 明天寄出 ",
    due: dayjs("2026-03-05T18:00:00+08:00"),
  });
  expect(form).toEqual({
    outcome: "resolved",
    note: "",
    promise: "明天寄出",
    follow_up: "",
    extra: { promise_due_at: "2026-03-05T10:00:00.000Z" },
  });
});

test("a time without a promise and questions that were not asked say nothing", () => {
  expect(formOf({ outcome: "other", promise: " ", due: dayjs(), asked: [] }).extra).toEqual({});
  expect(formOf({ outcome: "other", asked: ["产品"] }).extra).toEqual({ asked_again: ["产品"] });
});

test("one is unheard only while one speaks and nothing arrives", () => {
  const now = { muted: false, held: false, spoken: -20, onTheLine: -90 };
  expect(unheard(now)).toBe("yes");
  expect(unheard({ ...now, onTheLine: -30 })).toBe("no");
  expect(unheard({ ...now, muted: true })).toBe("no");
  expect(unheard({ ...now, held: true })).toBe("no");
  expect(unheard({ ...now, spoken: -80 })).toBe("unknown");
});
