import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import type { components, operations } from "../../api/schema";

type Schemas = components["schemas"];
export type CallLine = Schemas["CallLine"];
export type Sheet = Schemas["CallSheetOut"];
export type Turn = Schemas["TurnOut"];
export type Review = Schemas["ReviewOut"];
export type CheckLine = Schemas["CheckOut"];
export type Note = Schemas["NoteOut"];
export type Peaks = Schemas["PeaksOut"];
export type Wanted = NonNullable<operations["list_calls_api_calls_get"]["parameters"]["query"]>;

export const listOf = (wanted: Wanted) =>
  queryOptions({
    queryKey: ["calls", "list", wanted],
    queryFn: async () => data(await api.GET("/api/calls", { params: { query: wanted } })),
    placeholderData: (earlier) => earlier,
  });

export const batchNames = queryOptions({
  queryKey: ["calls", "batches"],
  queryFn: async () =>
    data(await api.GET("/api/batches")).map(({ batch }) => ({ value: batch.id, label: batch.name })),
  staleTime: 60_000,
});

const path = (call_id: string) => ({ params: { path: { call_id } } });

export const sheetOf = (id: string) =>
  queryOptions({
    queryKey: ["calls", id, "sheet"],
    queryFn: async () => data(await api.GET("/api/calls/{call_id}", path(id))),
  });

export const reviewOf = (id: string) =>
  queryOptions({
    queryKey: ["calls", id, "review"],
    queryFn: async () => data(await api.GET("/api/calls/{call_id}/review", path(id))),
  });

export const peaksOf = (id: string) =>
  queryOptions({
    queryKey: ["calls", id, "peaks"],
    queryFn: async () => data(await api.GET("/api/calls/{call_id}/peaks", path(id))),
    staleTime: Number.POSITIVE_INFINITY,
  });
