/** Which calls are shown, as it stands in the address, so that a list can be sent to a colleague. Pure. */

import type dayjs from "dayjs";
import type { Wanted } from "./queries";

export const PAGE = 20;
export const MANY = ["outcome", "intent", "emotion", "transfer_reason"] as const;
export const ONE = [
  "agent",
  "batch_id",
  "customer_id",
  "words",
  "longer_s",
  "shorter_s",
  "since",
  "until",
] as const;

export function pageOf(address: URLSearchParams): number {
  const page = Number(address.get("page") ?? 1);
  return Number.isInteger(page) && page > 0 ? page : 1;
}

/** Without limit and offset: what a sheet of all of them takes too. */
export function filtersOf(address: URLSearchParams): Wanted {
  const wanted: Record<string, string | string[]> = {};
  for (const name of MANY) {
    const values = address.getAll(name);
    if (values.length) wanted[name] = values;
  }
  for (const name of ONE) {
    const value = address.get(name);
    if (value) wanted[name] = value;
  }
  return wanted as Wanted;
}

export function wantedOf(address: URLSearchParams): Wanted {
  return { ...filtersOf(address), limit: PAGE, offset: (pageOf(address) - 1) * PAGE };
}

/** The address with some filters changed; an empty value takes one away. Another filter begins at page 1. */
export function changed(
  address: URLSearchParams,
  change: Record<string, string | readonly string[] | null | undefined>,
): URLSearchParams {
  const next = new URLSearchParams(address);
  if (!("page" in change)) next.delete("page");
  for (const [name, value] of Object.entries(change)) {
    next.delete(name);
    for (const each of typeof value === "string" ? [value] : (value ?? [])) if (each) next.append(name, each);
  }
  return next;
}

/** Whole days of the viewer's zone as the moments between which they lie. */
export function days(from: dayjs.Dayjs | null | undefined, to: dayjs.Dayjs | null | undefined) {
  return {
    since: from ? from.startOf("day").toISOString() : null,
    until: to ? to.add(1, "day").startOf("day").toISOString() : null,
  };
}
