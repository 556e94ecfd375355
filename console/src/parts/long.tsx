import type { CSSProperties } from "react";

/** Text that may be longer than its place: cut with an ellipsis, whole on hover. */
export function Long({ text, max, style }: { text: string; max?: number; style?: CSSProperties }) {
  return (
    <span className="long" title={text} style={{ ...(max ? { maxWidth: max } : {}), ...style }}>
      {text || "—"}
    </span>
  );
}
