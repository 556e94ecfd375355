import { expect, it } from "vitest";
import { withoutNumbers } from "./tag_rule";

it.each([
  ["60天内加购，此后没有下单（R010）", "60天内加购，此后没有下单"],
  ["历史记录中最重的证据（R052–R055）", "历史记录中最重的证据"],
  ["自身购买周期约 31 天，超过 2 倍周期（62 天）", "自身购买周期约 31 天，超过 2 倍周期（62 天）"],
])("%s", (rule, shown) => {
  expect(withoutNumbers(rule)).toBe(shown);
});
