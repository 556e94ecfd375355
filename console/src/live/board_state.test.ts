import { describe, expect, it } from "vitest";
import { applied, type LiveItem, nothingYet } from "./board_state";

const call = (key: string, state = "dialing"): LiveItem => ({
  topic: "call",
  key,
  value: { attempt_id: key, state, name: "王晓芸" },
});

describe("applied", () => {
  it("takes a whole message for all there is", () => {
    const one = applied(nothingYet, [call("a"), call("b")], true);
    const two = applied(one, [call("b")], true);
    expect([...two.call.keys()]).toEqual(["b"]);
  });

  it("changes, adds and removes what a change names, and leaves the rest the same object", () => {
    const one = applied(nothingYet, [call("a"), call("b")], true);
    const two = applied(
      one,
      [call("a", "in_call"), call("c"), { topic: "call", key: "b", value: null }],
      false,
    );
    expect([...two.call.keys()].sort()).toEqual(["a", "c"]);
    expect(two.call.get("a")?.state).toBe("in_call");
    expect(two.batch).toBe(one.batch);
  });

  it("keeps the row when the same state comes again, so that it is not drawn anew", () => {
    const one = applied(nothingYet, [call("a")], true);
    expect(applied(one, [call("a")], true).call.get("a")).toBe(one.call.get("a"));
  });

  it("passes over a topic that it does not know", () => {
    const strange = { topic: "weather", key: "x", value: {} } as unknown as LiveItem;
    expect(applied(nothingYet, [strange], false)).toEqual(nothingYet);
  });

  it("is quick with two hundred calls and many changes", () => {
    let state = applied(
      nothingYet,
      Array.from({ length: 200 }, (_, n) => call(String(n))),
      true,
    );
    for (let n = 0; n < 1_000; n++) state = applied(state, [call(String(n % 200), `s${n}`)], false);
    expect(state.call.size).toBe(200);
    expect(state.call.get("199")?.state).toBe("s999");
  });
});
