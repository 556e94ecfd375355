import { lazy } from "react";
import { useParams } from "react-router";
import { List } from "./list";

const One = lazy(async () => ({ default: (await import("./one")).One }));

/** Customers, or one of them. */
export function Component() {
  const { id } = useParams();
  return id ? <One key={id} id={id} /> : <List />;
}
