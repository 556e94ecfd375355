import { describe, expect, test } from "vitest";
import { FRAME, RATE } from "./frames";
import { level } from "./level";
import { MOST, PlayBuffer, START } from "./play_buffer";
import { impurity, joined, strength, tone } from "./tones";

const BLOCK = 128;

/** Plays for `seconds` with a frame every 20 ms of the desk's clock, which is faster than ours by `drift`. */
function played(
  buffer: PlayBuffer,
  { rate = 48_000, seconds = 2, drift = 0, hertz = 1_000, stall = [0, 0] as [number, number], late = 0 } = {},
): { sound: Float32Array; depths: number[] } {
  const blocks: Float32Array[] = [];
  const depths: number[] = [];
  let sent = 0;
  let random = 1;
  for (let at = 0; at < seconds * rate; at += BLOCK) {
    const now = at / rate;
    random = (random * 16_807) % 2_147_483_647;
    const arrived = now - late * (random / 2_147_483_647);
    const stalled = now >= stall[0] && now < stall[1];
    while (!stalled && (sent * FRAME) / RATE <= arrived * (1 + drift)) {
      buffer.put([tone(hertz, RATE, FRAME, sent * FRAME)]);
      sent += 1;
    }
    const block = new Float32Array(BLOCK);
    buffer.read([block]);
    blocks.push(block);
    depths.push(buffer.depth);
  }
  return { sound: joined(blocks), depths };
}

describe.each([16_000, 44_100, 48_000])("a loudspeaker at %i Hz", (rate) => {
  test("plays the tone that was sent", () => {
    const { sound } = played(new PlayBuffer(rate, 1), { rate });
    // In short pieces: the speed of playing is adjusted by up to half a percent all the time.
    for (let at = 0.5; at < 1.9; at += 0.05) {
      const piece = sound.slice(at * rate, (at + 0.05) * rate);
      expect(strength(piece, 1_000, rate)).toBeGreaterThan(0.48);
      expect(impurity(piece, 1_000, rate)).toBeLessThan(0.08);
    }
  });
});

test("it is silent until 60 ms wait, then plays from the first sample", () => {
  const buffer = new PlayBuffer(RATE, 1);
  const block = new Float32Array(BLOCK);
  for (let frame = 0; frame < 2; frame += 1) {
    buffer.put([new Float32Array(FRAME).fill(0.5)]);
    buffer.read([block]);
    expect(Math.max(...block)).toBe(0);
  }
  buffer.put([new Float32Array(FRAME).fill(0.5)]);
  expect(buffer.depth).toBe(START);
  buffer.read([block]);
  expect(block.at(-1)).toBeCloseTo(0.5, 1);
});

test("beyond 100 ms the oldest goes, and the rest is played in order", () => {
  const buffer = new PlayBuffer(RATE, 1);
  for (let frame = 0; frame < 50; frame += 1) buffer.put([new Float32Array(FRAME).fill(frame / 100)]);
  expect(buffer.depth).toBeLessThanOrEqual(MOST);
  expect(buffer.dropped).toBe(45 * FRAME);
  const block = new Float32Array(FRAME);
  buffer.read([block]);
  expect(block[FRAME / 2]).toBeCloseTo(0.45, 2);
});

test("a stall falls silent without a click and goes on with 60 ms", () => {
  const buffer = new PlayBuffer(48_000, 1);
  const { sound, depths } = played(buffer, { seconds: 3, stall: [1, 1.5] });
  expect(buffer.gaps).toBe(1);
  const steps = sound.slice(1).map((sample, at) => Math.abs(sample - (sound[at] as number)));
  const steepest = 2 * Math.PI * (1_000 / 48_000) * 0.5;
  expect(Math.max(...steps.slice(Math.round(1.02 * 48_000), Math.round(1.4 * 48_000)))).toBeLessThan(
    2 * steepest,
  );
  expect(depths.at(-1)).toBeGreaterThan(START / 2);
  expect(level(sound.slice(2 * 48_000))).toBeCloseTo(-9, 0);
});

describe.each([-0.0002, 0.0002, -0.001, 0.001])("a desk whose clock is off by %d", (drift) => {
  test("is followed without a gap and without a drop", () => {
    const buffer = new PlayBuffer(16_000, 1);
    const { depths } = played(buffer, { rate: 16_000, seconds: 60, drift, hertz: 400 });
    expect(buffer.gaps).toBe(0);
    expect(buffer.dropped).toBe(0);
    const settled = depths.slice(-1_000);
    expect(Math.min(...settled)).toBeGreaterThan(0.03 * RATE);
    expect(Math.max(...settled)).toBeLessThan(0.09 * RATE);
  });
});

test("frames that come up to 30 ms late are ridden out", () => {
  const buffer = new PlayBuffer(48_000, 1);
  played(buffer, { seconds: 10, late: 0.03 });
  expect(buffer.gaps).toBe(0);
});

test("both sides of a stereo frame are played, a mono frame on both", () => {
  const buffer = new PlayBuffer(RATE, 2);
  for (let frame = 0; frame < 4; frame += 1) {
    buffer.put([new Float32Array(FRAME).fill(0.5), new Float32Array(FRAME).fill(-0.25)]);
  }
  const sides = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  buffer.read(sides);
  expect(sides.map((side) => side.at(-1)?.toFixed(2))).toEqual(["0.50", "-0.25"]);
  buffer.clear();
  for (let frame = 0; frame < 3; frame += 1) buffer.put([new Float32Array(FRAME).fill(0.1)]);
  buffer.read(sides);
  expect(sides.map((side) => side.at(-1)?.toFixed(1))).toEqual(["0.1", "0.1"]);
});
