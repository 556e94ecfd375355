import { lazy } from "react";
import { useParams } from "react-router";
import { List } from "./list";

const One = lazy(async () => ({ default: (await import("./one")).One }));

/** All calls, or one of them to hear and to judge. */
export function Component() {
  const { id } = useParams();
  return id ? <One key={id} id={id} /> : <List />;
}
