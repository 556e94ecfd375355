import { Tag } from "antd";
import { type LabelTable, useLabel } from "../words";

const COLOURS: Partial<Record<LabelTable, Record<string, string>>> = {
  outcome: {
    interested: "success",
    callback: "success",
    considering: "gold",
    transferred: "purple",
    do_not_call: "error",
    interrupted: "error",
  },
  state: {
    running: "processing",
    in_call: "processing",
    dialing: "processing",
    paused: "warning",
    open: "gold",
  },
  emotion: {
    positive: "success",
    hesitant: "gold",
    impatient: "orange",
    angry: "error",
    sad_worried: "purple",
  },
  promiseState: { kept: "success", broken: "error", open: "gold" },
};

/** A machine name in people's words, coloured where the colour says something. */
export function Label({ of, name }: { of: LabelTable; name: string | null | undefined }) {
  const label = useLabel();
  if (!name) return <>—</>;
  return <Tag color={COLOURS[of]?.[name]}>{label(of, name)}</Tag>;
}
