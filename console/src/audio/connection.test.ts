import { expect, test } from "vitest";
import { linkOf, waitBefore } from "./connection";

test("four attempts fit into the time for which the desk keeps a customer", () => {
  expect([1, 2, 3, 4].reduce((sum, attempt) => sum + waitBefore(attempt), 0)).toBeLessThan(6_000);
});

test("attempts come at most five seconds apart", () => {
  expect(Math.max(...Array.from({ length: 50 }, (_, at) => waitBefore(at)))).toBe(5_000);
});

test.each([
  [1006, "lost"],
  [1012, "lost"],
  [4401, "signed_out"],
  [4403, "refused"],
  [4404, "gone"],
  [4409, "elsewhere"],
])("closing code %i means %s", (code, link) => {
  expect(linkOf(code)).toBe(link);
});
