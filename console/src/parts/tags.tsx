import { Tag } from "antd";
import { type LabelTable, useLabel } from "../words";

const COLOURS: Partial<Record<LabelTable, Record<string, string>>> = {
  outcome: {
    interested: "success",
    callback: "success",
    considering: "warning",
    transferred: "purple",
    do_not_call: "error",
    interrupted: "error",
  },
  state: {
    running: "processing",
    in_call: "processing",
    dialing: "processing",
    paused: "warning",
    open: "warning",
  },
  emotion: {
    positive: "success",
    hesitant: "warning",
    impatient: "magenta",
    angry: "error",
    sad_worried: "purple",
  },
  promiseState: { kept: "success", broken: "error", open: "warning" },
};

/** A machine name in people's words, coloured where the colour says something. */
export function Label({ of, name }: { of: LabelTable; name: string | null | undefined }) {
  const label = useLabel();
  if (!name) return <>—</>;
  return <Tag color={COLOURS[of]?.[name]}>{label(of, name)}</Tag>;
}
