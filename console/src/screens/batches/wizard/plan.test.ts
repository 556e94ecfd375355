import dayjs from "dayjs";
import { describe, expect, it } from "vitest";
import { type Fields, firstFields, fitting, ownPolicy, toSend, type Who } from "./plan";

const flow = (name: string, industry: string) => ({
  name,
  industry,
  title: name,
  version: 1,
  steps: 1,
  lines: 1,
  knowledge: 0,
});
const FLOWS = [
  flow("winback/ecommerce", "ecommerce"),
  flow("winback/finance", "finance"),
  flow("care/finance", "finance"),
  flow("care/checkup", ""),
];

describe("fitting", () => {
  it("offers the industry's own flows and the folders that have one for it", () => {
    expect(fitting(FLOWS, ["ecommerce"]).map((each) => each.name)).toEqual([
      "winback/ecommerce",
      "care/checkup",
      "winback",
    ]);
  });
  it("puts what is made for more industries first", () => {
    expect(fitting(FLOWS.toReversed(), ["finance"]).map((each) => each.name)).toEqual([
      "winback/finance",
      "care/finance",
      "care/checkup",
      "care",
      "winback",
    ]);
  });
  it("offers only folders that cover all of several industries", () => {
    expect(fitting(FLOWS, ["ecommerce", "finance"]).map((each) => each.name)).toEqual([
      "winback",
      "care/checkup",
    ]);
  });
  it("offers everything while nobody is known", () => {
    expect(fitting(FLOWS, [])).toHaveLength(6);
  });
});

describe("ownPolicy", () => {
  it("holds only what was filled in, and a dash as a closed day", () => {
    expect(
      ownPolicy({
        windows: { "mon-fri": "9:00-12:00", "sat-sun": "-" },
        caps: { answered_per_7d: 1, attempts_per_24h: null, answered_per_day: undefined },
      }),
    ).toEqual({ windows: { "mon-fri": ["09:00-12:00"], "sat-sun": [] }, caps: { answered_per_7d: 1 } });
    expect(ownPolicy({})).toEqual({});
  });
});

describe("toSend", () => {
  const who: Who = { source: "segment", staged: null, taken: null, segments: ["沉默高价值"] };
  const fields: Fields = { ...firstFields, name: " 八月召回 ", flow: "winback" };
  it("sends days as dates and no list for segments", () => {
    const sent = toSend(who, { ...fields, days: [dayjs("2026-03-02"), null] }, "D1");
    expect(sent).toMatchObject({
      name: "八月召回",
      list_id: "",
      segments: ["沉默高价值"],
      starts_on: "2026-03-02",
      ends_on: null,
      instead_of: "D1",
    });
  });
});
