/** The screens: where each stands in the menu, and the permission without which it is not shown. */

import type { ComponentType } from "react";
import type { Permission } from "../shell/session";

export type ScreenName =
  | "board"
  | "batches"
  | "customers"
  | "calls"
  | "flows"
  | "policy"
  | "desk"
  | "followUps"
  | "users"
  | "tokens"
  | "audit";

export type Screen = {
  name: ScreenName;
  path: string;
  /** Further addresses that belong to this screen. */
  below?: string[];
  permission: Permission;
  load: () => Promise<{ Component: ComponentType }>;
};

export const screens: Screen[] = [
  {
    name: "desk",
    path: "/desk",
    permission: "desk.work",
    load: () => import("./desk"),
  },
];
