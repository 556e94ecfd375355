import { expect, test } from "vitest";
import { possible, START, type Step, type Supervising, speaks, step } from "./supervising";
import type { SupervisorMode, ToSupervisor } from "./wire";

const says = (message: ToSupervisor): Step => ({ type: "desk", message });
const listening = (mode: SupervisorMode, talks_to: "bot" | "agent" = "agent") =>
  says({ type: "listening", call_id: "c1", talks_to, agent: talks_to === "agent" ? "林" : "", mode });

function having(...steps: Step[]): Supervising {
  return steps.reduce((now, each) => step(now, each, 5_000), START);
}

const OPEN: Step = { type: "link", link: "open" };

test("one begins muted, and speaks only in a mode that is heard", () => {
  expect(speaks(having(OPEN, listening("listen")))).toBe(false);
  expect(speaks(having(OPEN, listening("whisper")))).toBe(true);
  expect(speaks(having(OPEN, listening("take_over")))).toBe(true);
});

test("a lost connection mutes", () => {
  const lost = having(OPEN, listening("barge"), { type: "link", link: "lost" });
  expect(lost.mode).toBe("listen");
  expect(speaks(lost)).toBe(false);
});

test.each([
  ["bot", "listen", ["listen", "take_over"]],
  ["agent", "listen", ["listen", "whisper", "barge", "take_over"]],
  ["agent", "take_over", ["take_over"]],
] as const)("while the customer talks to the %s in mode %s, %j can be chosen", (talksTo, mode, choices) => {
  const now = having(OPEN, listening(mode, talksTo));
  const found = (["listen", "whisper", "barge", "take_over"] as const).filter((each) => possible(each, now));
  expect(found).toEqual(choices);
});

test("whoever took over talks as an agent does, and has a form to write", () => {
  const talks = having(
    OPEN,
    listening("take_over"),
    says({ type: "connected", offer_id: "t9", resumed: false }),
  );
  expect(talks.talk).toMatchObject({ offerId: "t9", since: 5_000 });
  expect(step(talks, says({ type: "hold", on: true }), 0).talk?.held).toBe(true);
  const ended = step(talks, says({ type: "ended", offer_id: "t9", by: "callee" }), 0);
  expect(ended).toMatchObject({ talk: null, mode: "listen", ended: { offerId: "t9", by: "callee" } });
  expect(step(ended, { type: "written" }, 0).ended).toBeNull();
});

test("what is said is shown, and the end of the call as well", () => {
  const said = says({ type: "said", offer_id: "", speaker: "callee", text: "喂", start_ms: 10, end_ms: 300 });
  const now = having(OPEN, listening("listen"), said, said, says({ type: "over", by: "bot" }));
  expect(now.said).toHaveLength(1);
  expect(now.over).toBe(true);
});
