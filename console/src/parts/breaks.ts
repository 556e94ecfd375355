/** Which outer limits a question to the policy would break; the server decides the same and says it in Chinese. Pure. */

import type { components } from "../api/schema";

type Policy = components["schemas"]["PolicyOut"];
type Changes = { caps: Record<string, number>; windows: Record<string, string[]> };

export type Break = { cap: string; most: number; wanted: number } | { window: string };

export function breaksOf(changes: Changes, policy: Policy, outer: string): Break[] {
  const [first, last] = outer.split("-") as [string, string];
  const caps = Object.entries(changes.caps).flatMap(([cap, wanted]): Break[] => {
    const most = policy.caps[cap];
    return most !== undefined && wanted > most ? [{ cap, most, wanted }] : [];
  });
  const windows = Object.values(changes.windows).flatMap((spans) =>
    spans.filter((span) => {
      const [start, end] = span.split("-") as [string, string];
      return start < first || end > last;
    }),
  );
  return [...caps, ...windows.map((window): Break => ({ window }))];
}
