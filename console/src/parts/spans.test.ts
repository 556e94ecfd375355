import { describe, expect, it } from "vitest";
import { areSpans, spansOf, within } from "./spans";

describe("spansOf", () => {
  it.each([
    ["09:00-12:00,14:00-20:00", ["09:00-12:00", "14:00-20:00"]],
    ["9:00 至 12:00，14：00—20：00", ["09:00-12:00", "14:00-20:00"]],
    ["—", []],
    ["", []],
  ])("%s", (text, spans) => expect(spansOf(text)).toEqual(spans));
});

describe("areSpans", () => {
  it.each([
    ["09:00-12:00", true],
    ["12:00-09:00", false],
    ["09:00", false],
    ["09:00-25:00", false],
    ["上午", false],
    ["-", true],
  ])("%s", (text, good) => expect(areSpans(text)).toBe(good));
});

describe("within", () => {
  it.each([
    ["09:00-12:00", true],
    ["08:59-12:00", false],
    ["14:00-21:01", false],
    ["-", true],
  ])("%s", (text, inside) => expect(within(text, "09:00-21:00")).toBe(inside));
});
