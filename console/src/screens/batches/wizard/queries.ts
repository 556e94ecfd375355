import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../../api/client";

export const allSegments = queryOptions({
  queryKey: ["segments"],
  queryFn: async () => data(await api.GET("/api/segments")),
});

export function peopleOf(name: string) {
  return queryOptions({
    queryKey: ["segments", name, "people"],
    queryFn: async () => data(await api.GET("/api/segments/{name}/people", { params: { path: { name } } })),
    staleTime: 60_000,
  });
}

export const allOffers = queryOptions({
  queryKey: ["offers"],
  queryFn: async () => data(await api.GET("/api/offers")),
});

export const allFlows = queryOptions({
  queryKey: ["flows"],
  queryFn: async () => data(await api.GET("/api/flows")),
  staleTime: 300_000,
});
