import { expect, test } from "vitest";
import { level, shareOfMeter } from "./level";
import { tone } from "./tones";

test("levels are dBov", () => {
  expect(level(new Float32Array(320))).toBe(-90);
  expect(level(new Float32Array(0))).toBe(-90);
  expect(level(tone(1_000, 16_000, 320))).toBeCloseTo(-9.03, 1);
  expect(level(new Float32Array(320).fill(1))).toBe(0);
});

test("a meter reaches from −60 to −6", () => {
  expect([-90, -60, -33, -6, 0].map(shareOfMeter)).toEqual([0, 0, 0.5, 1, 1]);
});
