/** How far the server's clock is ahead of this one: demos and tests run at another time of day. */

import { useQuery } from "@tanstack/react-query";
import { api, data } from "../api/client";

/** Milliseconds; 0 until it is known, and where the difference is that of a slow network. */
export function useAhead(): number {
  const query = useQuery({
    queryKey: ["board", "clock"],
    queryFn: async () => {
      const before = Date.now();
      const { at } = data(await api.GET("/api/board"));
      const ahead = Date.parse(at) - (before + Date.now()) / 2;
      return Math.abs(ahead) < 2_000 ? 0 : ahead;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return query.data ?? 0;
}
