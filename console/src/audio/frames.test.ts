import { describe, expect, test } from "vitest";
import { FRAME, FrameWriter, lostBetween, readFrame } from "./frames";

function ramp(): Float32Array {
  return Float32Array.from({ length: FRAME }, (_, at) => (at - FRAME / 2) / FRAME);
}

describe("frames", () => {
  test("what is written is read, within half a step of 16 bit", () => {
    const read = readFrame(new FrameWriter().write(ramp()));
    expect(read?.channels).toHaveLength(1);
    for (const [at, sample] of ramp().entries()) {
      expect(Math.abs((read?.channels[0]?.[at] ?? 9) - sample)).toBeLessThanOrEqual(0.5 / 32_768 + 1e-9);
    }
  });

  test("the bytes are those of the protocol", () => {
    const writer = new FrameWriter();
    writer.write(ramp());
    const samples = new Float32Array(FRAME);
    samples.set([0.5, -1, 2]);
    const bytes = new Uint8Array(writer.write(samples));
    expect(bytes).toHaveLength(648);
    expect([...bytes.slice(0, 8)]).toEqual([1, 0, 1, 0, 0x40, 0x01, 0, 0]);
    expect([...bytes.slice(8, 14)]).toEqual([0x00, 0x40, 0x00, 0x80, 0xff, 0x7f]);
  });

  test("sequence and time wrap", () => {
    const writer = new FrameWriter();
    for (let at = 0; at < 65_536; at += 1) writer.write(new Float32Array(0));
    const read = readFrame(writer.write(new Float32Array(FRAME)));
    expect(read?.sequence).toBe(0);
    expect(read?.time).toBe(65_536 * FRAME);
  });

  test("a stereo frame has left and right", () => {
    const message = new ArrayBuffer(8 + 4 * FRAME);
    const view = new DataView(message);
    view.setUint8(0, 1);
    view.setUint8(1, 1);
    for (let at = 0; at < FRAME; at += 1) {
      view.setInt16(8 + 4 * at, 16_384, true);
      view.setInt16(10 + 4 * at, -16_384, true);
    }
    const channels = readFrame(message)?.channels;
    expect(channels?.map((each) => [each[0], each[FRAME - 1]])).toEqual([
      [0.5, 0.5],
      [-0.5, -0.5],
    ]);
  });

  test.each([
    ["too short", (good: ArrayBuffer) => good.slice(0, 647)],
    ["empty", () => new ArrayBuffer(0)],
    ["another version", (good: ArrayBuffer) => changed(good, 0, 2)],
    ["an unknown flag", (good: ArrayBuffer) => changed(good, 1, 4)],
    ["stereo of mono's length", (good: ArrayBuffer) => changed(good, 1, 1)],
  ])("%s is no frame", (_, spoil) => {
    expect(readFrame(spoil(new FrameWriter().write(ramp())))).toBeNull();
  });

  test.each([
    [4, 5, 0],
    [4, 8, 3],
    [65_534, 1, 2],
    [5, 5, 0],
    [5, 4, 0],
  ])("between %i and %i are %i lost", (before, after, lost) => {
    expect(lostBetween(before, after)).toBe(lost);
  });
});

function changed(message: ArrayBuffer, at: number, byte: number): ArrayBuffer {
  const copy = message.slice(0);
  new DataView(copy).setUint8(at, byte);
  return copy;
}
