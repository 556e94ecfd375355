import { Card, Table, type TableColumnsType } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useLabel } from "../../words";
import type { Sheet } from "./queries";

type Line = { key: string; due: string; what: string; words: string; owner: string; state: ReactNode };

/** What has to happen, what was promised, and what was complained of. */
export function Aftermath({ sheet }: { sheet: Sheet }) {
  const { t } = useTranslation("customers");
  const { t: common } = useTranslation();
  const label = useLabel();
  const lines: Line[] = [
    ...sheet.follow_ups.map((each) => ({
      key: each.id,
      due: each.due_at,
      what: label("followUp", each.kind),
      words: each.note,
      owner: label("owner", each.owner),
      state: <Label of="state" name={each.state} />,
    })),
    ...sheet.promises.map((each) => ({
      key: each.id,
      due: each.due_at,
      what: common("pair", { name: t("promise"), value: label("promise", each.kind) }),
      words: each.words,
      owner: label("owner", each.owner),
      state: <Label of="promiseState" name={each.state} />,
    })),
  ].sort((a, b) => b.due.localeCompare(a.due));
  const columns: TableColumnsType<Line> = [
    {
      title: t("what"),
      render: (_, line) => (
        <>
          {line.what}
          {line.words && (
            <div className="soft">
              <Long text={line.words} />
            </div>
          )}
        </>
      ),
    },
    { title: t("owner"), width: 140, render: (_, line) => <Long text={line.owner} /> },
    { title: t("due"), width: 140, render: (_, line) => <Moment at={line.due} /> },
    { title: t("state"), width: 120, render: (_, line) => line.state },
  ];
  const open = sheet.cases.filter((each) => !each.closed_at);
  const running = sheet.sequences.filter((each) => !each.ended_at);
  return (
    <Card size="small" title={t("followUps")} styles={{ body: { padding: 0 } }}>
      {open.map((each) => (
        <p key={each.id} className="note">
          <b>{t("cases")}</b> <Label of="state" name={each.state} />
          {!each.answered_at && t("caseDue", { at: dayjs(each.answer_due_at).format("YYYY-MM-DD HH:mm") })}
          <span className="soft"> “{each.words}”</span>
        </p>
      ))}
      {running.map((each) => (
        <p key={each.id} className="note">
          <b>{t("sequences")}</b> <span lang="zh">{each.name}</span>{" "}
          {each.next_step !== null && t("nextStep", { step: each.next_step + 1 })}
          <Moment at={each.next_touch_at} />
        </p>
      ))}
      {lines.length ? (
        <Table<Line>
          size="small"
          tableLayout="fixed"
          columns={columns}
          dataSource={lines}
          pagination={{ pageSize: 8, hideOnSinglePage: true, showSizeChanger: false }}
        />
      ) : (
        <Nothing text={t("noFollowUps")} />
      )}
    </Card>
  );
}
