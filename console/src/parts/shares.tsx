import { Long } from "./long";

/** Counts as bars, the largest first. */
export function Shares({ counts, name }: { counts: Record<string, number>; name: (key: string) => string }) {
  const rows = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  const most = Math.max(1, ...rows.map(([, count]) => count));
  return (
    <dl className="shares">
      {rows.map(([key, count]) => (
        <div key={key}>
          <dt>
            <Long text={name(key)} />
          </dt>
          <dd>
            <span className="share-bar" style={{ width: `calc((100% - 56px) * ${count / most})` }} />
            <span className="numbers">{count}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
