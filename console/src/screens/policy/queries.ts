import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";

export type Policies = components["schemas"]["PoliciesOut"];
export type Policy = components["schemas"]["PolicyOut"];

export const policies = queryOptions({
  queryKey: ["policy"],
  queryFn: async () => data(await api.GET("/api/policy")),
  staleTime: 300_000,
});
