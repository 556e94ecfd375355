import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Card, Progress, Segmented, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { LinkButton } from "../../parts/link_button";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { useFlowTitle } from "../../parts/named";
import { Page } from "../../parts/page";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import { allBatches, type BatchLine } from "./queries";

type Shown = "all" | "open" | "draft" | "over";
const STATES: Record<Exclude<Shown, "all">, string[]> = {
  open: ["running", "paused"],
  draft: ["making", "draft"],
  over: ["done", "cancelled"],
};

export function List() {
  const { t } = useTranslation("batches");
  const may = useMay();
  const [shown, setShown] = useState<Shown>("all");
  const query = useQuery(allBatches);
  const make = may("batch.write") && (
    <LinkButton to="/batches/new" type="primary" icon={<PlusOutlined />}>
      {t("new")}
    </LinkButton>
  );
  return (
    <Page
      title={t("title")}
      actions={make}
      beside={
        <Segmented<Shown>
          value={shown}
          onChange={setShown}
          options={(["all", "open", "draft", "over"] as const).map((value) => ({
            value,
            label: t(`shown.${value}`),
          }))}
        />
      }
    >
      <Card size="small" styles={{ body: { padding: 0 } }}>
        <Loaded query={query}>
          {(lines) =>
            lines.length ? (
              <Lines
                lines={
                  shown === "all" ? lines : lines.filter((line) => STATES[shown].includes(line.batch.state))
                }
              />
            ) : (
              <Nothing text={t("none")} action={make} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function Lines({ lines }: { lines: BatchLine[] }) {
  const { t } = useTranslation("batches");
  const label = useLabel();
  const flowTitle = useFlowTitle();
  const go = useNavigate();
  const columns: TableColumnsType<BatchLine> = [
    {
      title: t("name"),
      render: (_, { batch }) => (
        <>
          <Link to={`/batches/${batch.id}`}>
            <Long text={batch.name} />
          </Link>
          <div className="soft">
            <Long text={batch.source} />
          </div>
        </>
      ),
    },
    { title: t("flow"), width: 150, render: (_, { batch }) => <Long text={flowTitle(batch.flow)} /> },
    {
      title: t("state"),
      width: 100,
      render: (_, { batch }) => (
        <>
          <Label of="state" name={batch.state} />
          {batch.state === "paused" && batch.paused_because && <span className="soft">{t("tripped")}</span>}
        </>
      ),
    },
    {
      title: t("progress"),
      width: 170,
      render: (_, line) => {
        const done = (line.states.done ?? 0) + (line.states.interrupted ?? 0);
        const part = line.members ? Math.min(100, Math.round((done / line.members) * 100)) : 0;
        return (
          <>
            <Progress size="small" status="normal" percent={part} aria-label={line.batch.name} />
            <span className="soft numbers">{t("madeOf", { done, members: line.members })}</span>
          </>
        );
      },
    },
    {
      title: t("outcomes"),
      render: (_, { outcomes }) => {
        const told = Object.entries(outcomes)
          .sort(([, a], [, b]) => b - a)
          .map(([key, count]) => `${label("outcome", key)} ${count}`)
          .join(t("comma"));
        return (
          <div className="two-lines" title={told}>
            {told || "—"}
          </div>
        );
      },
    },
    { title: t("activated"), width: 84, align: "right", render: (_, line) => line.activated },
    { title: t("made"), width: 120, render: (_, { batch }) => <Moment at={batch.created_at} /> },
  ];
  return (
    <Table<BatchLine>
      size="small"
      tableLayout="fixed"
      rowKey={(line) => line.batch.id}
      columns={columns}
      dataSource={lines}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      locale={{ emptyText: <Nothing text={t("noneShown")} /> }}
      rowClassName="row-link"
      onRow={({ batch }) => ({ onClick: () => void go(`/batches/${batch.id}`) })}
    />
  );
}
