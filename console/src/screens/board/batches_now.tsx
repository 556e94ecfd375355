import { Alert, Card, Progress } from "antd";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { BatchNow } from "../../live/board_state";
import { Long } from "../../parts/long";
import { Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";

export function Batches({ batches }: { batches: ReadonlyMap<string, BatchNow> }) {
  const { t } = useTranslation("board");
  return (
    <Card size="small" title={t("batches.title")}>
      {batches.size ? (
        <div className="stack">
          {[...batches.values()].map((batch) => (
            <One key={batch.batch_id} batch={batch} />
          ))}
        </div>
      ) : (
        <Nothing text={t("batches.none")} />
      )}
    </Card>
  );
}

const One = memo(function One({ batch }: { batch: BatchNow }) {
  const { t } = useTranslation("board");
  const busy = batch.dialing + batch.in_call;
  return (
    <div>
      <div className="line">
        <Link to={`/batches/${batch.batch_id}`} className="grow">
          <Long text={batch.name} />
        </Link>
        <Label of="state" name={batch.state} />
      </div>
      <Progress
        size="small"
        percent={batch.members ? Math.min(100, Math.round((batch.done / batch.members) * 100)) : 0}
        status="normal"
        aria-label={batch.name}
      />
      <div className="soft numbers line">
        <span>{t("batches.done", { done: batch.done, members: batch.members })}</span>
        <span>{t("batches.queued", { count: batch.queued })}</span>
        <span>{t("batches.lines", { busy, lines: batch.lines })}</span>
      </div>
      {batch.state === "paused" && batch.paused_because && (
        <Alert
          type="error"
          showIcon
          style={{ marginTop: 6 }}
          title={<span lang="zh">{batch.paused_because}</span>}
        />
      )}
    </div>
  );
});
