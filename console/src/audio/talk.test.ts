import { expect, test } from "vitest";
import { heard, talking, withLine } from "./talk";
import type { Line } from "./wire";

test("hold, mute and levels are what the desk says they are", () => {
  let talk = talking("t1", 0);
  talk = heard(talk, { type: "hold", on: true });
  talk = heard(talk, { type: "mute", on: true });
  talk = heard(talk, { type: "level", callee: -30, agent: -90 });
  expect(talk).toMatchObject({ held: true, muted: true, onTheLine: { callee: -30, agent: -90 } });
  expect(heard(talk, { type: "hold", on: false }).held).toBe(false);
});

test("a supervisor changes the mode and leaves", () => {
  let talk = heard(talking("t1", 0), { type: "party", name: "陈主管", mode: "listen" });
  talk = heard(talk, { type: "party", name: "陈主管", mode: "whisper" });
  expect(talk.parties).toEqual([{ name: "陈主管", mode: "whisper" }]);
  expect(heard(talk, { type: "party", name: "陈主管", mode: "gone" }).parties).toEqual([]);
});

function line(start_ms: number, text: string, speaker: Line["speaker"] = "callee"): Line {
  return { speaker, text, start_ms, end_ms: start_ms + 500 };
}

test("lines stand in the order of the recording, and a better hearing replaces a line", () => {
  const lines = [line(1_000, "a"), line(500, "b"), line(3_000, "c"), line(1_000, "a2")].reduce<Line[]>(
    withLine,
    [],
  );
  expect(lines.map(({ text }) => text)).toEqual(["b", "a2", "c"]);
});

test("two who speak at once have a line each", () => {
  expect([line(1_000, "a"), line(1_000, "b", "bot")].reduce<Line[]>(withLine, [])).toHaveLength(2);
});
