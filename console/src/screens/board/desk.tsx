import { useQuery } from "@tanstack/react-query";
import { Alert, Badge, Card, Table, type TableColumnsType, Tag } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, data } from "../../api/client";
import type { AgentNow, BoardState, OpenTransfer } from "../../live/board_state";
import { useKnown } from "../../parts/known";
import { Long } from "../../parts/long";
import { Since } from "../../parts/since";
import { Nothing } from "../../parts/states";
import { useLabel } from "../../words";

const DOT = {
  available: "success",
  ringing: "processing",
  busy: "processing",
  wrap_up: "warning",
  break: "default",
  offline: "default",
} as const;

/** Who takes customers, and who waits for them. */
export function Desk({ board }: { board: BoardState }) {
  const { t } = useTranslation("board");
  const agents = useMemo(() => [...board.desk.values()].sort(byPresence), [board.desk]);
  return (
    <Card size="small" title={t("desk.title")}>
      <OfficeAway />
      {agents.length ? (
        <ul className="agents">
          {agents.map((agent) => (
            <Agent key={agent.id} agent={agent} />
          ))}
        </ul>
      ) : (
        <Nothing text={`${t("desk.none")} · ${t("desk.noneHint")}`} />
      )}
      <Waiting transfers={board.transfer} agents={board.desk} />
    </Card>
  );
}

/** Customers of this host ring in the office of another one: said when that cannot be reached. */
function OfficeAway() {
  const { t } = useTranslation("board");
  const where = useQuery({
    queryKey: ["desk", "where"],
    queryFn: async () => data(await api.GET("/api/desk")).where,
    refetchInterval: 10_000,
  });
  if (where.data !== "away") return null;
  return <Alert type="error" showIcon title={t("desk.away")} description={t("desk.awayHint")} />;
}

function Agent({ agent }: { agent: AgentNow }) {
  const known = useKnown();
  const skills = Object.keys(agent.skills).map((skill) => known("skill", skill));
  return (
    <li title={skills.join(" · ")}>
      <Badge status={DOT[agent.presence as keyof typeof DOT] ?? "default"} />
      <Long text={agent.name} max={120} />
      <span className="soft">{known("presence", agent.presence)}</span>
      {agent.presence === "available" && <Since at={agent.idle_since} />}
    </li>
  );
}

const ORDER = ["available", "ringing", "busy", "wrap_up", "break", "offline"];

function byPresence(a: AgentNow, b: AgentNow): number {
  return ORDER.indexOf(a.presence) - ORDER.indexOf(b.presence) || a.name.localeCompare(b.name);
}

function Waiting({
  transfers,
  agents,
}: {
  transfers: ReadonlyMap<string, OpenTransfer>;
  agents: ReadonlyMap<string, AgentNow>;
}) {
  const { t } = useTranslation("board");
  const label = useLabel();
  const columns: TableColumnsType<OpenTransfer> = [
    {
      title: t("calls.customer"),
      render: (_, each) => (
        <Link to={`/customers/${each.customer_id}`}>
          <Long text={each.name} max={120} /> <span className="numbers">{each.phone_masked}</span>
        </Link>
      ),
    },
    {
      title: t("desk.reason"),
      render: (_, each) => (
        <Tag color={each.reason === "complaint" || each.reason === "legal_threat" ? "error" : undefined}>
          {label("transferReason", each.reason)}
        </Tag>
      ),
    },
    {
      title: t("calls.state"),
      render: (_, each) => t(`transferState.${each.state as "ringing"}`, { defaultValue: each.state }),
    },
    {
      title: t("desk.agent"),
      render: (_, each) => (
        <Long text={agents.get(each.agent_id ?? "")?.name ?? each.agent_id ?? ""} max={120} />
      ),
    },
    {
      title: t("desk.since"),
      align: "right",
      width: 80,
      render: (_, each) => <Since at={each.connected_at ?? each.offered_at} />,
    },
  ];
  return (
    <Table<OpenTransfer>
      size="small"
      title={() => <b>{t("desk.waiting")}</b>}
      rowKey="transfer_id"
      columns={columns}
      dataSource={[...transfers.values()]}
      pagination={false}
      scroll={{ x: 560 }}
      locale={{ emptyText: <span className="soft">{t("desk.waitingNone")}</span> }}
    />
  );
}
