import { expect, test } from "vitest";
import type { Sheet, Turn } from "./queries";
import { heardOf, inOrder, marksOf, share, turnAt } from "./time";

const turn = (position: number, start_ms: number, end_ms: number, more: Partial<Turn> = {}): Turn =>
  ({
    position,
    start_ms,
    end_ms,
    speaker: "bot",
    text: "您好",
    heard: "您好",
    interrupted: false,
    ...more,
  }) as Turn;

test("the turn at a moment is the one being spoken, or the last one that was", () => {
  const turns = [turn(0, 100, 500), turn(1, 900, 1500)];
  expect([0, 100, 499, 700, 900, 9000].map((ms) => turnAt(turns, ms))).toEqual([-1, 0, 0, 0, 1, 1]);
  expect(turnAt([], 5)).toBe(-1);
});

test("turns stand in the order they began", () => {
  expect(inOrder([turn(1, 50, 60), turn(0, 50, 70), turn(2, 10, 20)]).map((one) => one.position)).toEqual([
    2, 0, 1,
  ]);
});

test("marks stand in their order, and notes on the whole call have no place", () => {
  const sheet = {
    turns: [
      turn(0, 0, 800, { interrupted: true, heard: "您" }),
      turn(1, 900, 950, { interrupted: true, speaker: "callee" }),
    ],
    blocks: [{ at_ms: 300, text: "五折" }],
    journal: [{ at_ms: 1200, kind: "complaint" }],
  } as unknown as Sheet;
  const notes = [
    { at_ms: null, text: "整体" },
    { at_ms: 100, text: "这里" },
  ] as never[];
  expect(marksOf(sheet, notes).map((mark) => [mark.kind, mark.at_ms])).toEqual([
    ["note", 100],
    ["blocked", 300],
    ["bargeIn", 800],
    ["journal", 1200],
  ]);
});

test("what was not heard of an interrupted turn is told apart", () => {
  expect(heardOf(turn(0, 0, 1, { text: "给您八折", heard: "给您", interrupted: true }))).toEqual({
    heard: "给您",
    unheard: "八折",
  });
  expect(heardOf(turn(0, 0, 1))).toEqual({ heard: "您好", unheard: "" });
});

test("a share stays within the whole", () => {
  expect([share(500, 1000), share(-5, 1000), share(2000, 1000), share(1, 0)]).toEqual([50, 0, 100, 0]);
});
