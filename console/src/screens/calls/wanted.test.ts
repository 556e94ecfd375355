import dayjs from "dayjs";
import { expect, test } from "vitest";
import { changed, days, filtersOf, wantedOf } from "./wanted";

test("the address names the filters, several values of one too", () => {
  const address = new URLSearchParams("outcome=refused&outcome=callback&words=太贵&page=3&unknown=1");
  expect(filtersOf(address)).toEqual({ outcome: ["refused", "callback"], words: "太贵" });
  expect(wantedOf(address)).toMatchObject({ limit: 20, offset: 40 });
});

test("a page that is none is the first", () => {
  for (const page of ["0", "-1", "x", "1.5"]) expect(wantedOf(new URLSearchParams({ page })).offset).toBe(0);
});

test("another filter begins at the first page, another page keeps the filters", () => {
  const address = new URLSearchParams("outcome=refused&page=3");
  expect(changed(address, { words: "退款" }).toString()).toBe(
    new URLSearchParams("outcome=refused&words=退款").toString(),
  );
  expect(changed(address, { page: "4" }).toString()).toBe("outcome=refused&page=4");
  expect(changed(address, { outcome: [] }).toString()).toBe("");
  expect(changed(address, { outcome: null, page: "1" }).toString()).toBe("page=1");
});

test("a day is whole", () => {
  const { since, until } = days(dayjs("2026-03-02T15:00"), dayjs("2026-03-02T09:00"));
  expect(dayjs(until).diff(dayjs(since), "hour")).toBe(24);
});
