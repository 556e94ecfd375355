import { useMutation } from "@tanstack/react-query";
import { App, Button, Card } from "antd";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "../../api/client";
import type { Alarm } from "../../live/board_state";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Nothing } from "../../parts/states";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";

export function Alarms({ alarms }: { alarms: ReadonlyMap<string, Alarm> }) {
  const { t } = useTranslation("board");
  return (
    <Card
      size="small"
      title={alarms.size ? `${t("alarms.title")} · ${alarms.size}` : t("alarms.title")}
      styles={{ body: { maxHeight: 320, overflowY: "auto" } }}
    >
      {alarms.size ? (
        <ul className="alarms">
          {[...alarms.values()].map((alarm) => (
            <One key={alarm.id} alarm={alarm} />
          ))}
        </ul>
      ) : (
        <Nothing text={t("alarms.none")} />
      )}
    </Card>
  );
}

const One = memo(function One({ alarm }: { alarm: Alarm }) {
  const { t } = useTranslation("board");
  const label = useLabel();
  const may = useMay();
  const { message } = App.useApp();
  const seen = useMutation({
    mutationFn: () =>
      api.POST("/api/alarms/{alarm_id}/acknowledge", { params: { path: { alarm_id: alarm.id } } }),
    onSuccess: () => void message.success(t("alarms.acknowledged")),
    onError: (error) => void message.error(error.message),
  });
  return (
    <li>
      <div className="line">
        <b className="grow">{label("alarm", alarm.kind)}</b>
        {may("alarm.ack") && !alarm.acknowledged_at && (
          <Button size="small" loading={seen.isPending} onClick={() => seen.mutate()}>
            {t("alarms.acknowledge")}
          </Button>
        )}
      </div>
      <div className="line">
        {alarm.customer_id && (
          <Link to={`/customers/${alarm.customer_id}`} className="grow">
            <Long text={alarm.name} max={120} /> <span className="numbers">{alarm.phone_masked}</span>
          </Link>
        )}
        {alarm.kind === "batch_tripped" && (
          <Link to={`/batches/${alarm.about}`} className="grow">
            {t("calls.toBatches")}
          </Link>
        )}
      </div>
      {alarm.note && <div lang="zh">{alarm.note}</div>}
      <div className="soft">
        {t("alarms.due")}
        <Moment at={alarm.due_at} /> · {t("alarms.owner", { owner: label("owner", alarm.owner) })}
      </div>
    </li>
  );
});
