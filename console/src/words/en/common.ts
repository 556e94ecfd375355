import type { common as zh } from "../zh/common";

export const common: typeof zh = {
  loading: "Loading…",
  retry: "Try again",
  save: "Save",
  cancel: "Cancel",
  confirm: "OK",
  close: "Close",
  search: "Search",
  all: "All",
  none: "—",
  failed: "The data could not be loaded",
  failedHint:
    "Check the network and try again; if it stays like this, give the number below to an administrator.",
  requestId: "Request {{id}}",
  noPermission: "You may not see this page",
  noPermissionHint: "Ask an administrator for the role you need.",
  notFound: "There is no such page",
  notFoundHint: "The link may be out of date.",
  home: "Back to the start",
  copy: "Copy",
  copied: "Copied",
  more: "More",
  pair: "{{name}}: {{value}}",
  behind: "{{text}} ({{more}})",
  comma: ", ",
};
