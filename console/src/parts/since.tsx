import { createContext, useContext } from "react";
import { length } from "./moment";
import { useNow } from "./use_now";

/** How far the server's clock is ahead of this one, in ms. */
export const Ahead = createContext(0);

/** How long ago something began by the server's clock, counting. */
export function Since({ at }: { at: string | null | undefined }) {
  const now = useNow();
  const ahead = useContext(Ahead);
  if (!at) return <span className="soft">—</span>;
  return <span className="numbers">{length((now + ahead - Date.parse(at)) / 1_000)}</span>;
}
