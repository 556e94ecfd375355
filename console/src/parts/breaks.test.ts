import { describe, expect, it } from "vitest";
import type { components } from "../api/schema";
import { breaksOf } from "./breaks";

const policy = {
  caps: { answered_per_7d: 2, attempts_per_24h: 3 },
} as unknown as components["schemas"]["PolicyOut"];

describe("breaksOf", () => {
  it("names every cap and window that goes beyond the outer limits, and nothing else", () => {
    const changes = {
      caps: { answered_per_7d: 5, attempts_per_24h: 3 },
      windows: { "mon-fri": ["09:00-12:00", "20:00-22:00"], "sat-sun": ["08:00-10:00"] },
    };
    expect(breaksOf(changes, policy, "09:00-21:00")).toEqual([
      { cap: "answered_per_7d", most: 2, wanted: 5 },
      { window: "20:00-22:00" },
      { window: "08:00-10:00" },
    ]);
  });
});
