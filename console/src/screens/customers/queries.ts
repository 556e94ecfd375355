import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type CustomerLine = Schemas["CustomerLine"];
export type Sheet = Schemas["CustomerSheetOut"];
export type Permit = Schemas["PermitOut"];
export type Budget = Schemas["BudgetOut"];

export type Wanted = {
  q: string;
  industry: string;
  stage: string[];
  reason: string[];
  strategy: string[];
  limit: number;
  offset: number;
};

export function customersLike(wanted: Wanted) {
  return queryOptions({
    queryKey: ["customers", wanted],
    queryFn: async () => data(await api.GET("/api/customers", { params: { query: wanted } })),
    placeholderData: (before) => before,
  });
}

export function sheetOf(id: string) {
  return queryOptions({
    queryKey: ["customers", id],
    queryFn: async () =>
      data(await api.GET("/api/customers/{customer_id}", { params: { path: { customer_id: id } } })),
  });
}

export function permitOf(id: string) {
  return queryOptions({
    queryKey: ["customers", id, "permit"],
    queryFn: () => ask(id, {}),
    refetchInterval: 30_000,
  });
}

export async function ask(id: string, body: Schemas["PermitIn"] | Record<string, never>): Promise<Permit> {
  return data(
    await api.POST("/api/customers/{customer_id}/permit", {
      params: { path: { customer_id: id } },
      body: body as Schemas["PermitIn"],
    }),
  );
}

export function budgetOf(id: string) {
  return queryOptions({
    queryKey: ["customers", id, "budget"],
    queryFn: async () =>
      data(await api.GET("/api/customers/{customer_id}/budget", { params: { path: { customer_id: id } } })),
  });
}
