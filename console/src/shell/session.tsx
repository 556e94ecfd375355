/** Who is signed in, and what they may do. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import { ApiError, api, data, onSignedOut } from "../api/client";
import type { components } from "../api/schema";
import { Failed, Loading } from "../parts/states";
import { SignIn } from "./sign_in";

export type Me = components["schemas"]["Me"];
export type Permission = Me["permissions"][number];

const Signed = createContext<Me | null>(null);

export function useMe(): Me {
  const me = useContext(Signed);
  if (!me) throw new Error("useMe is for what is shown inside <Session>");
  return me;
}

export function useMay(): (permission: Permission) => boolean {
  const me = useMe();
  return (permission) => me.permissions.includes(permission);
}

const ME = ["me"] as const;

/** Shows the sign-in page until somebody is signed in, and again when the server forgets them. */
export function Session({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const me = useQuery({
    queryKey: ME,
    queryFn: async () => {
      try {
        return data(await api.GET("/api/me"));
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
  useEffect(() => onSignedOut(() => queries.setQueryData(ME, null)), [queries]);

  if (me.isPending) return <Loading />;
  if (me.data === undefined) return <Failed error={me.error} retry={() => void me.refetch()} />;
  if (me.data === null) return <SignIn onSignedIn={(signed) => queries.setQueryData(ME, signed)} />;
  return <Signed.Provider value={me.data}>{children}</Signed.Provider>;
}
