import { length } from "./moment";
import { useNow } from "./use_now";

/** How long ago something began, counting; `ahead` is how far the server's clock is before this one, in ms. */
export function Since({ at, ahead = 0 }: { at: string | null | undefined; ahead?: number }) {
  const now = useNow();
  if (!at) return <span className="soft">—</span>;
  return <span className="numbers">{length((now + ahead - Date.parse(at)) / 1_000)}</span>;
}
