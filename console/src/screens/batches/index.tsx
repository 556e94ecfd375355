import { lazy } from "react";
import { useLocation, useParams } from "react-router";
import { Forbidden } from "../../parts/states";
import { useMay } from "../../shell/session";
import { List } from "./list";

const Wizard = lazy(async () => ({ default: (await import("./wizard")).Wizard }));
const One = lazy(async () => ({ default: (await import("./one")).One }));

/** All batches, one of them, or a new one. */
export function Component() {
  const { id } = useParams();
  const here = useLocation().pathname;
  const may = useMay();
  if (here === "/batches/new") return may("batch.write") ? <Wizard /> : <Forbidden />;
  return id ? <One key={id} id={id} /> : <List />;
}
