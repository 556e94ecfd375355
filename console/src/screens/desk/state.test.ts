import { describe, expect, test } from "vitest";
import type { FromDesk, Offer } from "../../audio/wire";
import { type Desk, START, type Step, step } from "./state";

function offer(id = "t1"): Offer {
  return {
    id,
    call_id: `c-${id}`,
    customer_id: "k1",
    reason: "complaint",
    skill: "complaint",
    priority: 10,
    own_agent_id: "",
    only_agent_id: "",
    brief: {
      why: "客户投诉",
      customer: "王女士",
      own_words: "没人管",
      own_words_ms: null,
      mood: [],
      answered: {},
      promised: [],
      may_offer: [],
      do: [],
      dont: [],
      summary: "",
    },
    said: [{ speaker: "callee", text: "没人管", start_ms: 100, end_ms: 900 }],
  };
}

const says = (message: FromDesk): Step => ({ type: "desk", message });
const is = (presence: Desk["presence"], reason = "") => says({ type: "presence", presence, reason });
const rings = (id = "t1") =>
  says({ type: "ring", offer: offer(id), timeout_s: 15, waited_s: 2, sla_s: 20, escalation: 0 });
const connects = (id = "t1", resumed = false) => says({ type: "connected", offer_id: id, resumed });
const ends = (id = "t1") => says({ type: "ended", offer_id: id, by: "callee" });
const open: Step = { type: "link", link: "open" };
const welcome = says({
  type: "welcome",
  agent_id: "lin",
  name: "林",
  sound: "framed",
  break_reasons: ["用餐"],
  telephone: "",
});

function having(...steps: Step[]): Desk {
  return steps.reduce((desk, each, at) => step(desk, each, 1_000 * at), START);
}

const TALKING = [open, welcome, is("available"), is("ringing"), rings(), is("busy"), connects()];

describe("a call", () => {
  test("whoever talks on a telephone is told which, and when it was not answered", () => {
    const telephone = says({
      type: "welcome",
      agent_id: "lin",
      name: "林",
      sound: "framed",
      break_reasons: [],
      telephone: "…4851",
    });
    const accepted = having(open, telephone, rings(), { type: "answered", answer: "accept" });
    expect(accepted.telephone).toBe("…4851");
    expect(accepted.ringing?.answered).toBe("accept");
    const missed = step(accepted, says({ type: "withdrawn", offer_id: "t1", why: "telephone" }), 9_000);
    expect(missed.ringing).toBeNull();
    expect(missed.notice).toMatchObject({ kind: "withdrawn", why: "telephone" });
  });

  test("rings until its time, is answered, and ends in a form", () => {
    const ringing = having(open, welcome, is("available"), is("ringing"), rings());
    expect(ringing.ringing).toMatchObject({ from: 4_000, until: 19_000, waitedS: 2, answered: null });
    const talking = having(...TALKING);
    expect(talking).toMatchObject({
      ringing: null,
      offer: { id: "t1" },
      talk: { offerId: "t1", since: 6_000 },
    });
    expect(talking.said).toHaveLength(1);
    const over = having(...TALKING, ends(), is("wrap_up"));
    expect(over).toMatchObject({
      talk: null,
      offer: null,
      unwritten: [{ offer: { id: "t1" }, by: "callee" }],
    });
    expect(having(...TALKING, ends(), { type: "written", offerId: "t1" }).unwritten).toEqual([]);
  });

  test("can be connected before the desk says that one is busy", () => {
    const desk = having(open, welcome, is("available"), is("ringing"), rings(), connects(), is("busy"));
    expect(desk.talk?.offerId).toBe("t1");
  });

  test("that is withdrawn stops ringing and says why", () => {
    const desk = having(open, welcome, rings(), says({ type: "withdrawn", offer_id: "t1", why: "taken" }));
    expect(desk).toMatchObject({ ringing: null, notice: { kind: "withdrawn", why: "taken" } });
  });

  test("that was declined is gone when one is free again", () => {
    const desk = having(open, welcome, rings(), { type: "answered", answer: "decline" });
    expect(desk.ringing?.answered).toBe("decline");
    expect(step(desk, is("available"), 0).ringing).toBeNull();
  });

  test("is not withdrawn by what belongs to another one", () => {
    const desk = having(open, welcome, rings(), says({ type: "withdrawn", offer_id: "old", why: "timeout" }));
    expect(desk.ringing?.offer.id).toBe("t1");
  });

  test("gets a better card while it rings and while one talks", () => {
    const brief = { ...offer().brief, summary: "空气炸锅坏了两次" };
    const better = says({ type: "brief", offer_id: "t1", brief });
    expect(having(open, rings(), better).ringing?.offer.brief.summary).toBe(brief.summary);
    expect(having(...TALKING, better).offer?.brief.summary).toBe(brief.summary);
  });

  test("shows what is said, also after its end", () => {
    const line = { speaker: "agent" as const, text: "您好", start_ms: 5_000, end_ms: 6_000 };
    const said = says({ type: "said", offer_id: "t1", ...line });
    expect(having(...TALKING, said).said.map(({ text }) => text)).toEqual(["没人管", "您好"]);
    expect(having(...TALKING, ends(), said).unwritten[0]?.said).toHaveLength(2);
    expect(having(open, rings(), said).ringing?.offer.said).toHaveLength(2);
  });
});

describe("a lost connection", () => {
  const lost: Step = { type: "link", link: "lost" };

  test("keeps the customer, and goes on with the same clock", () => {
    const desk = having(...TALKING, lost);
    expect(desk).toMatchObject({ link: "lost", presence: "busy", talk: { offerId: "t1" } });
    const back = having(...TALKING, lost, open, welcome, is("busy"), connects("t1", true));
    expect(back.talk).toMatchObject({ since: 6_000, resumed: true });
    expect(back.said).toHaveLength(1);
  });

  test("that lasts too long ends the call in a form", () => {
    const back = having(...TALKING, lost, open, welcome, is("break"));
    expect(back).toMatchObject({ talk: null, unwritten: [{ by: "failed", offer: { id: "t1" } }] });
  });

  test("takes away what rang", () => {
    expect(having(open, welcome, is("ringing"), rings(), lost)).toMatchObject({
      ringing: null,
      presence: "offline",
    });
  });
});

describe("a page that was loaded again", () => {
  const { offer: kept, said } = having(...TALKING);
  const restored: Step = { type: "kept", offer: kept, said, unwritten: [] };

  test("finds its customer", () => {
    const desk = having(open, restored, welcome, is("busy"), connects("t1", true));
    expect(desk).toMatchObject({ talk: { offerId: "t1" }, offer: { brief: { customer: "王女士" } } });
    expect(desk.said).toHaveLength(1);
  });

  test("asks for the form of a customer who has left meanwhile", () => {
    expect(having(open, restored, welcome, is("break")).unwritten).toMatchObject([{ offer: { id: "t1" } }]);
  });

  test("talks even when it remembers nothing", () => {
    const desk = having(open, welcome, is("busy"), connects("t1", true));
    expect(desk).toMatchObject({ talk: { offerId: "t1" }, offer: null });
    expect(step(desk, ends(), 0)).toMatchObject({ talk: null, unwritten: [] });
  });
});

test("the next customer may ring while the last form is being written", () => {
  const desk = having(
    ...TALKING,
    ends(),
    is("wrap_up"),
    is("ringing"),
    rings("t2"),
    connects("t2"),
    ends("t2"),
  );
  expect(desk.unwritten.map(({ offer }) => offer.id)).toEqual(["t1", "t2"]);
});

test("the time in a presence begins with it, not with its repetition", () => {
  expect(having(open, welcome, is("available"), is("available")).since).toBe(2_000);
  expect(having(open, welcome, is("break", "用餐"), is("break", "会议")).since).toBe(3_000);
});

test("a refusal is told each time", () => {
  const refused = says({ type: "refused", message: "暂时不能切换状态" });
  expect(having(refused, refused).notice).toEqual({ n: 2, kind: "refused", message: "暂时不能切换状态" });
});
