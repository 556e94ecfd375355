/** What the screens of a batch ask the server, and under which key it is kept. */

import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type BatchLine = Schemas["BatchLineOut"];
export type Member = Schemas["MemberOut"];
export type Preview = Schemas["PreviewOut"];
export type Standing = Schemas["StandingOut"];
export type Waiting = Schemas["WaitingOut"];

/** While calls are under way figures move. */
const OFTEN_MS = 3_000;

export const allBatches = queryOptions({
  queryKey: ["batches"],
  queryFn: async () => data(await api.GET("/api/batches")),
  refetchInterval: 5_000,
});

export function oneBatch(id: string) {
  return queryOptions({
    queryKey: ["batches", id],
    queryFn: async () => data(await api.GET("/api/batches/{batch_id}", at(id))),
    refetchInterval: OFTEN_MS,
  });
}

export function standing(id: string) {
  return queryOptions({
    queryKey: ["batches", id, "standing"],
    queryFn: async () => data(await api.GET("/api/batches/{batch_id}/standing", at(id))),
    refetchInterval: OFTEN_MS,
  });
}

export function preview(id: string, moment?: string) {
  return queryOptions({
    queryKey: ["batches", id, "preview", moment ?? "now"],
    queryFn: async () =>
      data(
        await api.GET("/api/batches/{batch_id}/preview", {
          params: { path: { batch_id: id }, query: { at: moment } },
        }),
      ),
  });
}

export type MembersWanted = { state: string[]; outcome: string[]; limit: number; offset: number };

export function membersOf(id: string, wanted: MembersWanted, often: boolean) {
  return queryOptions({
    queryKey: ["batches", id, "members", wanted],
    queryFn: async () =>
      data(
        await api.GET("/api/batches/{batch_id}/members", {
          params: { path: { batch_id: id }, query: wanted },
        }),
      ),
    placeholderData: (before) => before,
    refetchInterval: often ? OFTEN_MS : false,
  });
}

export function at(id: string) {
  return { params: { path: { batch_id: id } } };
}
