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
  | "recalls"
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
  { name: "board", path: "/board", permission: "board.read", load: () => import("./board") },
  { name: "desk", path: "/desk", permission: "desk.work", load: () => import("./desk") },
  {
    name: "batches",
    path: "/batches",
    below: ["/batches/new", "/batches/:id"],
    permission: "batch.read",
    load: () => import("./batches"),
  },
  {
    name: "followUps",
    path: "/follow-ups",
    permission: "follow_up.read",
    load: () => import("./follow_ups"),
  },
  {
    name: "customers",
    path: "/customers",
    below: ["/customers/:id"],
    permission: "customer.read",
    load: () => import("./customers"),
  },
  {
    name: "calls",
    path: "/calls",
    below: ["/calls/:id"],
    permission: "call.read",
    load: () => import("./calls"),
  },
  {
    name: "flows",
    path: "/flows",
    below: ["/flows/*"],
    permission: "flow.read",
    load: () => import("./flows"),
  },
  { name: "policy", path: "/policy", permission: "policy.read", load: () => import("./policy") },
  {
    name: "recalls",
    path: "/recalls",
    below: ["/recalls/:id"],
    permission: "offer.withdraw",
    load: () => import("./recalls"),
  },
  { name: "users", path: "/users", permission: "user.manage", load: () => import("./users") },
  { name: "tokens", path: "/tokens", permission: "token.manage", load: () => import("./tokens") },
  { name: "audit", path: "/audit", permission: "audit.read", load: () => import("./audit") },
];
