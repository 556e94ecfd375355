import { queryOptions } from "@tanstack/react-query";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type Flow = Schemas["FlowOut"];
export type Step = Schemas["StepOut"];
export type Reaction = Schemas["ReactionOut"];
export type Said = Schemas["SaidOut"];

export function flowOf(name: string) {
  return queryOptions({
    queryKey: ["flows", name],
    queryFn: async () =>
      data(
        await api.GET("/api/flows/{name}", {
          params: { path: { name } },
          // A flow's name has slashes, which belong to the address.
          pathSerializer: (path) => path.replace("{name}", name.split("/").map(encodeURIComponent).join("/")),
        }),
      ),
    staleTime: 300_000,
  });
}
