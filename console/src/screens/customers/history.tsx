import { Card, Segmented, Table, Tag } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Long } from "../../parts/long";
import { length, Moment } from "../../parts/moment";
import { Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import { type Happened, type Part, past, yuan } from "./past";
import type { Sheet } from "./queries";

export function History({ sheet }: { sheet: Sheet }) {
  const { t } = useTranslation("customers");
  const [shown, setShown] = useState<Part | "all">("all");
  const all = useMemo(() => past(sheet), [sheet]);
  const rows = shown === "all" ? all : all.filter((each) => each.part === shown);
  return (
    <Card
      size="small"
      title={t("history.title")}
      extra={
        <Segmented<Part | "all">
          size="small"
          value={shown}
          onChange={setShown}
          options={(["all", "contacts", "orders", "events"] as const).map((value) => ({
            value,
            label: t(`history.${value}`),
          }))}
        />
      }
      styles={{ body: { padding: 0 } }}
    >
      {rows.length ? (
        <Table<Happened>
          size="small"
          tableLayout="fixed"
          showHeader={false}
          dataSource={rows}
          pagination={{ pageSize: 15, hideOnSinglePage: true, showSizeChanger: false }}
          columns={[
            { width: 130, render: (_, each) => <Moment at={each.at} /> },
            { width: 150, render: (_, each) => <Kind each={each} /> },
            { render: (_, each) => <What each={each} /> },
          ]}
        />
      ) : (
        <Nothing text={t("history.none")} />
      )}
    </Card>
  );
}

function Kind({ each }: { each: Happened }) {
  const { t } = useTranslation("customers");
  const label = useLabel();
  if (each.kind === "event") return <Long text={label("event", each.event.kind)} />;
  if (each.kind === "returned") return <Tag color="success">{t("history.returned")}</Tag>;
  return t(`history.${each.kind}`);
}

function What({ each }: { each: Happened }) {
  const { t } = useTranslation("customers");
  const { t: common } = useTranslation();
  const label = useLabel();
  const may = useMay();
  switch (each.kind) {
    case "call": {
      const lasting = length(each.call.duration_ms / 1_000);
      return (
        <>
          <Label of="outcome" name={each.call.outcome} />{" "}
          {may("call.read") ? (
            <Link to={`/calls/${each.call.id}`} className="numbers">
              {lasting}
            </Link>
          ) : (
            <span className="numbers">{lasting}</span>
          )}
        </>
      );
    }
    case "attempt":
      return <Label of="outcome" name={each.attempt.outcome ?? each.attempt.cause} />;
    case "heard":
      return (
        <Long
          text={
            each.journal.words
              ? common("pair", {
                  name: label("journal", each.journal.kind),
                  value: `“${each.journal.words}”`,
                })
              : label("journal", each.journal.kind)
          }
        />
      );
    case "returned":
      return label("event", each.activation.kind);
    case "order":
      return (
        <>
          <Long text={each.purchase.item} max={260} />{" "}
          <span className="numbers">{yuan(each.purchase.amount_fen)}</span>{" "}
          {each.purchase.refunded && <Tag color="error">{t("history.refunded")}</Tag>}
        </>
      );
    case "event":
      return (
        <Long text={label("outcome", each.event.note) === "—" ? "" : label("outcome", each.event.note)} />
      );
  }
}
