import type { ReactNode } from "react";

/** One number with its name; several stand in a row of `figures`. */
export function Figure({ name, value, hint }: { name: string; value: ReactNode; hint?: ReactNode }) {
  return (
    <div className="figure">
      <div className="soft">{name}</div>
      <div className="figure-value numbers">{value}</div>
      {hint && <div className="soft figure-hint">{hint}</div>}
    </div>
  );
}
