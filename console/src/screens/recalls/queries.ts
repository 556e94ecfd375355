import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";

export type Recall = components["schemas"]["RecallOut"];
export type Hearer = components["schemas"]["HearerOut"];

export const allRecalls = queryOptions({
  queryKey: ["recalls"],
  queryFn: async () => data(await api.GET("/api/recalls")),
});

/** With everybody who had heard it; media processes report their running calls a moment later. */
export function recallOf(id: string) {
  return queryOptions({
    queryKey: ["recalls", id],
    queryFn: async () =>
      data(await api.GET("/api/recalls/{recall_id}", { params: { path: { recall_id: id } } })),
    refetchInterval: 3_000,
  });
}
