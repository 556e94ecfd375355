import { describe, expect, it } from "vitest";
import { BOX, placed } from "./layout";

const WAYS = [
  { start: "open", end: "need" },
  { start: "open", end: "bye" },
  { start: "need", end: "offer" },
  { start: "offer", end: "need" },
  { start: "offer", end: "bye" },
];

describe("placed", () => {
  const found = placed(["open", "need", "offer", "bye", "lonely"], WAYS, "open");
  it("puts every step below what leads to it, and a way back moves nothing", () => {
    const y = (step: string) => found.get(step)?.y ?? -1;
    expect(y("open")).toBe(0);
    expect(y("need")).toBeGreaterThan(y("open"));
    expect(y("offer")).toBeGreaterThan(y("need"));
    expect(y("bye")).toBe(y("need"));
  });
  it("places everybody once, without overlap", () => {
    const all = [...found.values()];
    expect(all).toHaveLength(5);
    for (const [index, a] of all.entries()) {
      for (const b of all.slice(index + 1)) {
        expect(a.y !== b.y || Math.abs(a.x - b.x) >= BOX.width).toBe(true);
      }
    }
  });
});
