import { describe, expect, test } from "vitest";
import { Framer } from "./framer";
import { FRAME, RATE } from "./frames";
import { impurity, joined, strength, tone } from "./tones";

function framed(rate: number, samples: Float32Array, block = 128): Float32Array {
  const framer = new Framer(rate);
  const frames: Float32Array[] = [];
  for (let at = 0; at < samples.length; at += block)
    frames.push(...framer.put(samples.slice(at, at + block)));
  expect(frames.every((frame) => frame.length === FRAME)).toBe(true);
  return joined(frames);
}

describe.each([16_000, 44_100, 48_000, 96_000, 8_000])("a microphone at %i Hz", (rate) => {
  test("gives 16,000 samples a second", () => {
    const samples = framed(rate, tone(1_000, rate, rate * 2));
    expect(samples.length).toBeGreaterThan(2 * RATE - 2 * FRAME);
    expect(samples.length).toBeLessThanOrEqual(2 * RATE);
  });

  test("keeps a tone of a voice", () => {
    const middle = framed(rate, tone(1_000, rate, rate)).slice(1_600, 14_400);
    expect(strength(middle, 1_000, RATE)).toBeCloseTo(0.5, 2);
    expect(impurity(middle, 1_000, RATE)).toBeLessThan(1e-4);
  });
});

test("what 16 kHz cannot carry does not come back as another tone", () => {
  const middle = framed(48_000, tone(11_000, 48_000, 48_000)).slice(1_600, 14_400);
  expect(strength(middle, 5_000, RATE)).toBeLessThan(0.001);
});

test("the length of the blocks changes nothing", () => {
  const samples = tone(700, 44_100, 44_100);
  const whole = framed(44_100, samples, 44_100);
  const pieces = framed(44_100, samples, 128);
  expect(pieces.length).toBe(whole.length);
  expect(Math.max(...pieces.map((sample, at) => Math.abs(sample - (whole[at] as number))))).toBeLessThan(
    1e-6,
  );
});
