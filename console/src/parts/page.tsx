import type { ReactNode } from "react";

/** One screen: its name, what can be done on it, and its content. */
export function Page({
  title,
  beside,
  actions,
  children,
}: {
  title: string;
  beside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="page">
      <title>{`${title} · callbot`}</title>
      <div className="page-head">
        <h1>{title}</h1>
        {beside}
        {actions && <div className="actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
