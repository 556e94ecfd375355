import { useQuery } from "@tanstack/react-query";
import { Select, Space, Table, type TableColumnsType, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useKnown } from "../../parts/known";
import { Long } from "../../parts/long";
import { length } from "../../parts/moment";
import { RuleBecause, RuleEnds, RuleTag } from "../../parts/rule";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useLabel } from "../../words";
import { type BatchLine, type Member, membersOf } from "./queries";

const PAGE = 50;

/** The customers of a batch in the order of calling: what came of the call, or which rule keeps them. */
export function Members({ line, over }: { line: BatchLine; over: boolean }) {
  const { t } = useTranslation("batches");
  const known = useKnown();
  const label = useLabel();
  const [state, setState] = useState<string[]>([]);
  const [outcome, setOutcome] = useState<string[]>([]);
  const [page, setPage] = useState(1);
  const columns = useColumns();
  const query = useQuery(
    membersOf(line.batch.id, { state, outcome, limit: PAGE, offset: (page - 1) * PAGE }, !over),
  );
  return (
    <>
      <Space wrap style={{ marginBottom: 12 }}>
        <Select
          mode="multiple"
          allowClear
          maxTagCount="responsive"
          style={{ width: 220 }}
          placeholder={t("filterState")}
          aria-label={t("filterState")}
          value={state}
          onChange={(value) => {
            setState(value);
            setPage(1);
          }}
          options={(["ready", "waiting", "never", "tried", "left"] as const).map((value) => ({
            value,
            label: known("memberState", value),
          }))}
        />
        <Select
          mode="multiple"
          allowClear
          maxTagCount="responsive"
          style={{ width: 240 }}
          placeholder={t("filterOutcome")}
          aria-label={t("filterOutcome")}
          value={outcome}
          onChange={(value) => {
            setOutcome(value);
            setPage(1);
          }}
          options={Object.keys(line.outcomes).map((value) => ({ value, label: label("outcome", value) }))}
        />
      </Space>
      <Loaded query={query}>
        {(found) => (
          <Table<Member>
            size="small"
            rowKey="customer_id"
            columns={columns}
            dataSource={found.items}
            scroll={{ x: 600 }}
            locale={{ emptyText: <Nothing text={t("noMembers")} /> }}
            pagination={{
              current: page,
              pageSize: PAGE,
              total: found.total,
              onChange: setPage,
              hideOnSinglePage: true,
              showSizeChanger: false,
            }}
          />
        )}
      </Loaded>
    </>
  );
}

function useColumns(): TableColumnsType<Member> {
  const { t } = useTranslation("batches");
  const known = useKnown();
  const label = useLabel();
  return [
    {
      title: t("customer"),
      width: 150,
      render: (_, member) => (
        <>
          <Link to={`/customers/${member.customer_id}`}>
            <Long text={member.name} />
          </Link>
          <div className="soft numbers">{member.phone_masked}</div>
        </>
      ),
    },
    {
      title: t("quiet"),
      width: 116,
      render: (_, member) => (
        <>
          {known("stage", member.stage)}
          <div className="soft">{known("reason", member.reason)}</div>
        </>
      ),
    },
    {
      title: t("state"),
      width: 150,
      render: (_, member) =>
        member.attempt_state && member.attempt_state !== "done" ? (
          <Label of="state" name={member.attempt_state} />
        ) : (
          <>
            {member.outcome ? (
              <Label of="outcome" name={member.outcome} />
            ) : (
              <Tag>{known("memberState", member.state)}</Tag>
            )}
            {member.attempts > 1 && <div className="soft">{t("times", { count: member.attempts })}</div>}
          </>
        ),
    },
    {
      title: t("whatNext"),
      render: (_, member) =>
        member.blocked_by && !member.outcome ? (
          <>
            <RuleTag rule={member.blocked_by} />
            {t("endsAt")}
            <RuleEnds rule={member.blocked_by} until={member.blocked_until} />
            <div className="soft">
              <RuleBecause rule={member.blocked_by} because={member.blocked_because} />
            </div>
          </>
        ) : (
          <span>{member.follow_ups.map((kind) => label("followUp", kind)).join(t("comma")) || "—"}</span>
        ),
    },
    {
      title: t("call"),
      width: 64,
      align: "right",
      render: (_, member) =>
        member.call_id ? (
          <Link to={`/calls/${member.call_id}`} className="numbers">
            {length((member.duration_ms ?? 0) / 1_000)}
          </Link>
        ) : (
          "—"
        ),
    },
  ];
}
