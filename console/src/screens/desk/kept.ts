/** Cards and forms outlive a reload of the page: they are kept in this tab until the forms are written. */

import type { Desk, Kept } from "./state";

const KEY = "callbot.desk";

export function keep({ agentId, offer, said, unwritten }: Desk): void {
  if (!agentId) return;
  const kept: Kept & { agentId: string } = { agentId, offer, said, unwritten };
  if (offer || unwritten.length) sessionStorage.setItem(KEY, JSON.stringify(kept));
  else sessionStorage.removeItem(KEY);
}

/** What this agent had before; of somebody else it is thrown away. */
export function kept(agentId: string): Kept | null {
  const text = sessionStorage.getItem(KEY);
  if (!text) return null;
  const found = JSON.parse(text) as Kept & { agentId: string };
  if (found.agentId === agentId) return found;
  sessionStorage.removeItem(KEY);
  return null;
}

/** Did this tab have a customer or an unwritten form before it was loaded again? */
export function hasKept(): boolean {
  return sessionStorage.getItem(KEY) !== null;
}
